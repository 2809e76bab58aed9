import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import type { Admin, OffsetSpec } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { StreamsBuilder, type Topology } from '../../../src/index.ts'
import { firstOffsets } from '../../../src/runtime/tasks/first-offsets.ts'

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
  partitions: {
    /** A transaction is open since record 8. */
    listOffsets: (specs: readonly OffsetSpec[], { isolation }: { readonly isolation?: string } = {}) =>
      Promise.resolve(
        specs.map((item) => {
          const offset = isolation === 'read_committed' ? 8 : 10
          return { item, value: { offset, timestamp: -1, leaderEpoch: 0 }, error: null }
        }),
      ),
  },
} as unknown as Admin
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
  const found = await firstOffsets(topology(), partitions, admin, clock, 'read_uncommitted')
  expect(Object.fromEntries(found.map(({ topic, offset }) => [topic, offset]))).toEqual({
    unsaid: 0,
    first: 0,
    last: 10,
    recent: 7,
  })
})

test('none: nothing is read without a committed offset', async () => {
  const beginning = firstOffsets(topology(), [{ topic: 'never', partition: 3 }], admin, clock, 'read_uncommitted')
  await expect(beginning).rejects.toMatchObject({
    code: 'OFFSET_OUT_OF_RANGE',
    place: { topic: 'never', partition: 3 },
  })
})

test('the end of committed records is before the first transaction that is still open: what it commits is not missed', async () => {
  const found = await firstOffsets(topology(), [{ topic: 'last', partition: 0 }], admin, clock, 'read_committed')
  expect(found).toEqual([{ topic: 'last', partition: 0, offset: 8 }])
})
