import { afterEach, expect, test } from '@jest/globals'
import { silentLogger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import {
  SourceWatch,
  sourcesCame,
  sourcesGone,
  type SourceWatchParts,
} from '../../../src/runtime/topics/source-watch.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const watches: SourceWatch[] = []
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop()
})

/** `looks`: what is there at each look, a letter a topic and more behind it for more partitions, or that nobody can tell. */
function watching(...looks: (readonly string[] | 'fails')[]) {
  return watchingWith({}, ...looks)
}

function watchingWith(parts: Partial<SourceWatchParts>, ...looks: (readonly string[] | 'fails')[]) {
  const clock = new FakeClock()
  const told: (readonly string[])[] = []
  const toldMore: (readonly string[])[] = []
  const refusals: unknown[] = []
  const asked: (readonly string[] | undefined)[] = []
  let looked = 0
  const describeTopics = (topics?: readonly string[]) => {
    asked.push(topics)
    const look = looks[looked++] ?? ['a', 'b']
    if (look === 'fails') return Promise.reject(new Error('away'))
    return Promise.resolve(look.map((topic) => ({ topic: topic[0]!, partitions: topic.length })))
  }
  const watch = new SourceWatch({
    admin: { describeTopics },
    sources: new Map([
      ['a', 1],
      ['b', 1],
    ]),
    matching: (topics) => topics.filter((topic) => topic !== 'x'),
    looksForMore: true,
    intervalMs: 10_000,
    clock,
    logger: silentLogger,
    onChange: ({ missing, more, refused }) => {
      if (refused !== null) refusals.push(refused)
      if (missing.length > 0) told.push(missing)
      if (more.length > 0) toldMore.push(more)
    },
    ...parts,
  })
  watches.push(watch)
  const pass = async (ms: number): Promise<void> => {
    await turn()
    clock.advance(ms)
    await turn()
  }
  return { watch, told, toldMore, refusals, asked, pass, looked: () => looked }
}

test('a topic that is gone is told of within the interval, when a second look has not found it either', async () => {
  const { told, pass, looked } = watching(['a', 'b'], ['b'], ['b'])
  await pass(10_000)
  await pass(10_000)
  expect([told, looked()]).toEqual([[], 2])
  await pass(1_000)
  expect(told).toEqual([['a']])
})

test('one that is there again at the second look was never gone, and a look that fails says nothing', async () => {
  const { told, pass, looked } = watching(['b'], ['a', 'b'], 'fails', ['a'], 'fails', [], [])
  await pass(10_000)
  await pass(1_000)
  await pass(10_000)
  await pass(10_000)
  await pass(1_000)
  expect([told, looked()]).toEqual([[], 5])
  await pass(10_000)
  await pass(1_000)
  expect(told).toEqual([['a', 'b']])
})

test('whoever has heard that one is gone has it looked at once; one that is stopped tells nothing', async () => {
  const { watch, told, pass } = watching(['a'], ['a'])
  watch.lookNow()
  await pass(0)
  await pass(1_000)
  expect(told).toEqual([['b']])
  const stopped = watching([], [])
  await stopped.pass(10_000)
  stopped.watch.stop()
  await stopped.pass(1_000)
  expect(stopped.told).toEqual([])
})

test('what a pattern matches now, and what has more partitions, is told of when a second look finds it still', async () => {
  const { told, toldMore, pass } = watching(
    ['a', 'b', 'x'],
    ['a', 'b', 'c'],
    ['a', 'b'],
    ['aaa', 'b'],
    ['aaa', 'b', 'c', 'x'],
  )
  await pass(10_000)
  await pass(10_000)
  await pass(1_000)
  expect(toldMore).toEqual([])
  await pass(10_000)
  await pass(1_000)
  expect([toldMore, told]).toEqual([[['a', 'c']], []])
  expect(sourcesCame(['a'])).toMatchObject({ retriable: true, place: { topic: 'a' } })
})

test('a watch that does not look for more goes on past what is new, and still misses what is gone', async () => {
  const { told, toldMore, asked, pass } = watchingWith({ looksForMore: false }, ['aa', 'b', 'c'], ['b'], ['b', 'c'])
  await pass(10_000)
  await pass(10_000)
  await pass(1_000)
  expect([told, toldMore]).toEqual([[['a']], []])
  expect(asked[0]).toEqual(['a', 'b'])
})

test('what the topology cannot be run with is told of when it is so still, and does not hide what is gone', async () => {
  const refusal = new Error('two sources would read c')
  const matching = (topics: readonly string[]): readonly string[] => {
    if (topics.includes('c')) throw refusal
    return topics
  }
  const there = ['a', 'b', 'c']
  const { told, toldMore, refusals, pass } = watchingWith({ matching }, there, ['a', 'b'], there, ['b', 'c'])
  for (const ms of [10_000, 1_000, 10_000]) await pass(ms)
  expect(refusals).toEqual([])
  await pass(1_000)
  expect([refusals, told, toldMore]).toEqual([[refusal], [['a']], []])
})

test('a topic that the topology names is missed for good; those of a pattern are gone on without', () => {
  const named = new Set(['a'])
  expect(sourcesGone(['b', 'a'], named)).toMatchObject({ code: 'TOPOLOGY_INVALID', retriable: false })
  expect(sourcesGone(['b'], named)).toMatchObject({ retriable: true, place: { topic: 'b' } })
})
