import { expect, test } from '@jest/globals'
import type { Admin, CommittedOffset, OffsetSpec } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import type { ParkedRecord, TaskPartition } from '../../../src/record-path/task-contract.ts'
import { Judged, LogEnd, type FinishingThread } from '../../../src/runtime/thread/finish.ts'

/** Ends by topic; of `own`, the application's, they move. */
const ends: Record<string, number> = {}
const admin = {
  listOffsets: (places: readonly TopicPartition[]) => Promise.resolve(places.map((one) => ({ ...one, offset: 0 }))),
  partitions: {
    listOffsets: (specs: readonly OffsetSpec[]) =>
      Promise.resolve(
        specs.map((item) => ({
          item,
          value: { offset: ends[item.topic]!, timestamp: -1, leaderEpoch: 0 },
          error: null,
        })),
      ),
  },
} as unknown as Admin

class Thread implements FinishingThread {
  isSettled = true
  commits = 0
  readonly positions: Record<string, number>
  readonly puts: Record<string, number> = {}

  constructor(positions: Record<string, number>) {
    this.positions = positions
  }

  partitions(): readonly TaskPartition[] {
    return Object.entries(this.positions).map(
      ([topic, position]) => ({ topic, partition: 0, position, held: null }) as unknown as TaskPartition,
    )
  }

  written({ topic }: TopicPartition): number {
    return this.puts[topic] ?? 0
  }

  async commit(): Promise<void> {
    this.commits++
  }
}

async function run(
  threads: readonly Thread[],
  topics: readonly string[],
  committed: Record<string, number> = {},
  parked: readonly ParkedRecord[] = [],
) {
  return LogEnd.now({
    admin,
    isolation: 'read_committed',
    places: topics.map((topic) => ({ topic, partition: 0 })),
    internal: new Set(['own']),
    committed: (places) =>
      Promise.resolve(
        places.flatMap(({ topic, partition }): CommittedOffset[] =>
          committed[topic] === undefined ? [] : [{ topic, partition, offset: committed[topic], metadata: '' }],
        ),
      ),
    threads: () => threads,
    parked: () => parked,
  })
}

test('a run ends when every thread is where the log ended at its beginning, not where it ends by now', async () => {
  Object.assign(ends, { a: 5, b: 2 })
  const [one, two] = [new Thread({ a: 5 }), new Thread({ b: 1 })]
  const finish = await run([one, two], ['a', 'b'])
  ends['a'] = 9
  expect(await finish.isOver(one)).toBe(false)
  expect(await finish.isOver(two)).toBe(false)
  two.positions['b'] = 2
  expect(await finish.isOver(two)).toBe(false)
  // The other one has moved: it looks once more.
  expect(await finish.isOver(one)).toBe(true)
  expect(await finish.isOver(two)).toBe(true)
})

test('what one thread puts into a topic of the application another one still has to process', async () => {
  Object.assign(ends, { a: 5, own: 0 })
  const [one, two] = [new Thread({ a: 4 }), new Thread({ own: 0 })]
  const finish = await run([one, two], ['a', 'own'])
  expect(await finish.isOver(two)).toBe(false)
  one.positions['a'] = 5
  ends['own'] = 3
  expect(await finish.isOver(one)).toBe(false)
  expect(one.commits).toBe(1)
  expect(await finish.isOver(two)).toBe(false)
  two.positions['own'] = 3
  expect(await finish.isOver(two)).toBe(false)
  expect(await finish.isOver(one)).toBe(true)
})

test('what is hidden behind a transaction of others is waited for, if this instance has put it there', async () => {
  Object.assign(ends, { a: 5, own: 2 })
  const one = new Thread({ a: 5, own: 2 })
  one.puts['own'] = 4
  const finish = await run([one], ['a', 'own'])
  expect(await finish.isOver(one)).toBe(false)
  one.positions['own'] = 4
  expect(await finish.isOver(one)).toBe(true)
})

test('partitions that nobody here has are done when what is committed says so', async () => {
  Object.assign(ends, { a: 5, b: 2, empty: 0 })
  const one = new Thread({ a: 5 })
  const committed: Record<string, number> = { b: 1 }
  const finish = await run([one], ['a', 'b', 'empty'], committed)
  expect(await finish.isOver(one)).toBe(false)
  committed['b'] = 2
  expect(await finish.isOver(one)).toBe(true)
})

test('a thread that is about to get partitions is not done, and one that has ended is not waited for', async () => {
  Object.assign(ends, { a: 5 })
  const [one, two] = [new Thread({ a: 5 }), new Thread({})]
  const threads = [one, two]
  const finish = await run(threads, ['a'])
  two.isSettled = false
  expect([await finish.isOver(one), await finish.isOver(two)]).toEqual([false, false])
  threads.pop()
  finish.left(two)
  expect(await finish.isOver(one)).toBe(true)
})

test('what waits behind a parked record is left undone when there is nothing else to do, with the names of all such records', async () => {
  Object.assign(ends, { a: 5, b: 2, own: 3 })
  const failed = new Error('bad')
  const parked: ParkedRecord[] = []
  const [one, two] = [new Thread({ a: 4, own: 3 }), new Thread({ b: 1 })]
  const finish = await run([one, two], ['a', 'b', 'own'], {}, parked)
  parked.push({ topic: 'a', partition: 0, offset: 4, error: failed })
  expect([await finish.isOver(one), await finish.isOver(two)]).toEqual([false, false])
  // Its own topics are no reason to wait either.
  ends['own'] = 9
  parked.push({ topic: 'own', partition: 0, offset: 3, error: failed })
  two.positions['b'] = 2
  expect([await finish.isOver(two), await finish.isOver(one)]).toEqual([false, true])
  expect(finish.leftUndone).toMatchObject({
    code: 'TASK_FAILED',
    message: expect.stringContaining('a-0@4, own-0@3') as unknown,
    place: { topic: 'a', partition: 0, offset: 4 },
    cause: failed,
  })
})

test('what is parked elsewhere, or behind the end, is none of the run', async () => {
  Object.assign(ends, { a: 5 })
  const one = new Thread({ a: 5 })
  const parked = [
    { topic: 'a', partition: 0, offset: 5, error: null },
    { topic: 'b', partition: 0, offset: 1, error: null },
  ]
  const finish = await run([one], ['a'], {}, parked)
  expect([await finish.isOver(one), finish.leftUndone]).toEqual([true, null])
})

test('a run that had come to its end, and whose last commit then failed, has not: what was not committed is done again', async () => {
  Object.assign(ends, { a: 5 })
  const threads = [new Thread({ a: 5 })]
  const finish = await run(threads, ['a'], { a: 3 })
  expect(await finish.isOver(threads[0]!)).toBe(true)
  finish.left(threads[0]!, true)
  const again = new Thread({ a: 3 })
  threads.splice(0, 1, again)
  expect(await finish.isOver(again)).toBe(false)
  again.positions['a'] = 5
  expect(await finish.isOver(again)).toBe(true)
})

test('what was judged to be over is so for all threads, unless one fails to commit what it was judged by', () => {
  let position = 5
  const finish = new Judged(() => position === 5)
  expect(finish.isOver()).toBe(true)
  position = 6
  expect(finish.isOver()).toBe(true)
  finish.left(new Thread({}))
  expect(finish.isOver()).toBe(true)
  finish.left(new Thread({}), true)
  expect(finish.isOver()).toBe(false)
})
