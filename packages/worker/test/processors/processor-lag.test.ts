import { expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { lagOf, type LagAdmin } from '../../src/processors/processor-lag.ts'

const at = (topic: string, partition: number, offset: number) => ({
  topic,
  partition,
  offset,
  metadata: '',
  leaderEpoch: -1,
})

/** Starts at 5, ends at 100; and what the group has committed. */
function adminOf(offsets: readonly ReturnType<typeof at>[], gone: readonly string[] = []): LagAdmin {
  return {
    describeTopics: async (topics = []) => topics.map((topic) => ({ topic, partitions: topic === 't' ? 3 : 1 })),
    groups: { offsets: async (groups) => groups.map((item) => ({ item, value: offsets, error: null })) },
    partitions: {
      listOffsets: async (specs) =>
        specs.map((item) =>
          gone.includes(item.topic)
            ? { item, value: null, error: new SluiceError('KAFKA_REFUSED', `${item.topic} is gone`) }
            : { item, value: { offset: item.at === 'earliest' ? 5 : 100, timestamp: -1, leaderEpoch: 0 }, error: null },
        ),
    },
  }
}

const clock = new FakeClock()

test('the records from what is committed to the end, the furthest behind first; what was never committed is behind by all there is', async () => {
  const assigned = [{ topic: 't', partition: 0 }]
  const { highest, partitions, problem } = await lagOf(adminOf([at('t', 0, 90), at('t', 1, 100)]), 'a', assigned, clock)
  expect([highest, problem]).toEqual([95, null])
  expect(partitions.map(({ partition, committed, end, lag }) => [partition, committed, end, lag])).toEqual([
    [2, null, 100, 95],
    [0, 90, 100, 10],
    [1, 100, 100, 0],
  ])
})

test('topics that no task reads any more do not count; where there are no tasks all do of which something was committed', async () => {
  const offsets = [at('old', 0, 6), at('t', 0, 90), at('t', 1, 80)]
  const lags = async (assigned: Parameters<typeof lagOf>[2]) =>
    (await lagOf(adminOf(offsets), 'a', assigned, clock)).partitions.map(
      ({ topic, partition }) => `${topic}-${partition}`,
    )
  expect(await lags([{ topic: 't', partition: 0 }])).toEqual(['t-2', 't-1', 't-0'])
  expect(await lags([])).toEqual(['t-2', 'old-0', 't-1', 't-0'])
})

test('what was deleted before it was read is no lag', async () => {
  expect((await lagOf(adminOf([at('old', 0, 2)]), 'a', [], clock)).partitions).toMatchObject([
    { committed: 2, lag: 95 },
  ])
})

test('a partition that cannot be asked about is told of beside the others', async () => {
  const found = await lagOf(adminOf([at('old', 0, 90), at('gone', 0, 1)], ['gone']), 'a', [], clock)
  expect(found).toMatchObject({ highest: 10, partitions: [{ topic: 'old' }], problem: 'gone is gone' })
})

test('of one that has never had tasks nothing is known, which is told', async () => {
  expect(await lagOf(adminOf([]), 'a', [], clock)).toMatchObject({
    highest: null,
    problem: expect.stringMatching(/no tasks/),
  })
})

test('a Kafka that is away, or does not answer in time, is told of instead of failing', async () => {
  const away = adminOf([])
  away.groups.offsets = () => Promise.reject(new SluiceError('KAFKA_UNREACHABLE', 'Nobody is there'))
  expect(await lagOf(away, 'a', [], clock)).toEqual({
    highest: null,
    partitions: [],
    problem: 'Kafka does not say how far it is behind: Nobody is there',
  })
  const still = adminOf([])
  still.groups.offsets = () => new Promise(() => undefined)
  const late = lagOf(still, 'a', [], clock)
  clock.advance(5_000)
  expect(await late).toMatchObject({ highest: null, problem: expect.stringMatching(/not within 5000 ms/) })
})
