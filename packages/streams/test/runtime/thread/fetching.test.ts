import { expect, test } from '@jest/globals'
import type { Fetcher } from '@sluice/kafka'
import { silentLogger, type TopicPartition } from '@sluice/sdk'
import type { StreamTask } from '../../../src/record-path/stream-task.ts'
import { Fetching } from '../../../src/runtime/thread/fetching.ts'

test('of two partitions, one that is ahead is not fetched further than a little, and goes on when that is processed', () => {
  const told: string[] = []
  const tell =
    (what: string) =>
    (partitions: readonly TopicPartition[]): void =>
      void told.push(...partitions.map(({ topic }) => `${what} ${topic}`))
  const fetcher: Partial<Fetcher> = { pause: tell('pause'), resume: tell('resume') }
  const fetching = new Fetching({
    fetcher: fetcher as Fetcher,
    tasks: { all: [] },
    pauses: { version: 0, isPaused: () => false, keysOf: () => new Set() },
    queuedBytesMax: 32 * 1024 * 1024,
    logger: silentLogger,
  })
  const partition = (topic: string) => ({ topic, partition: 0, isPaused: false, held: null, queue: { bytes: 0 } })
  const [ahead, behind] = [partition('ahead'), partition('behind')]
  const task = { partitions: [ahead, behind], isHeld: false, calls: { isEmpty: true }, waitsUntil: Infinity }
  ahead.queue.bytes = 1024 * 1024
  behind.queue.bytes = 10_000
  fetching.balance(task as unknown as StreamTask)
  fetching.balance(task as unknown as StreamTask)
  expect(told).toEqual(['pause ahead'])
  ahead.queue.bytes = 100_000
  fetching.balance(task as unknown as StreamTask)
  expect(told).toEqual(['pause ahead', 'resume ahead'])
})
