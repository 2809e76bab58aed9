import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import type { TopicPartition } from '@sluice/sdk'
import { StreamsBuilder, type Topology } from '../../src/index.ts'
import { firstOffsets } from '../../src/runtime/first-offsets.ts'

/** Records 0 to 9, one per second since 100 s. */
const admin = {
  listOffsets: (partitions: readonly TopicPartition[], at: 'earliest' | 'latest' | number) =>
    Promise.resolve(
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        offset: at === 'earliest' ? 0 : at === 'latest' ? 10 : Math.min(10, Math.max(0, Math.ceil(at / 1000) - 100)),
      })),
    ),
}
const clock = new FakeClock({ now: 110_000 })

function topology(): Topology {
  const builder = new StreamsBuilder()
  builder.stream('unsaid')
  builder.stream('first', { offsetReset: 'earliest' })
  builder.stream('last', { offsetReset: 'latest' })
  builder.table('recent', { offsetReset: { durationMs: 3000 } })
  builder.stream('never', { offsetReset: 'none' })
  return builder.build()
}

test('each source says where to begin, and without a word it is the earliest record', async () => {
  const partitions = ['unsaid', 'first', 'last', 'recent'].map((topic) => ({ topic, partition: 0 }))
  const found = await firstOffsets(topology(), partitions, admin, clock)
  expect(Object.fromEntries(found.map(({ topic, offset }) => [topic, offset]))).toEqual({
    unsaid: 0,
    first: 0,
    last: 10,
    recent: 7,
  })
})

test('none: nothing is read without a committed offset', async () => {
  const beginning = firstOffsets(topology(), [{ topic: 'never', partition: 3 }], admin, clock)
  await expect(beginning).rejects.toMatchObject({
    code: 'OFFSET_OUT_OF_RANGE',
    place: { topic: 'never', partition: 3 },
  })
})
