import { afterEach, expect, test } from '@jest/globals'
import { silentLogger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { SourceWatch, sourcesCame, sourcesGone } from '../../../src/runtime/topics/source-watch.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const watches: SourceWatch[] = []
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop()
})

/** `looks`: what is there at each look, a letter a topic and more behind it for more partitions, or that nobody can tell. */
function watching(...looks: (readonly string[] | 'fails')[]) {
  const clock = new FakeClock()
  const told: (readonly string[])[] = []
  const toldMore: (readonly string[])[] = []
  let looked = 0
  const describeTopics = () => {
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
    intervalMs: 10_000,
    clock,
    logger: silentLogger,
    onChange: ({ missing, more }) => {
      if (missing.length > 0) told.push(missing)
      if (more.length > 0) toldMore.push(more)
    },
  })
  watches.push(watch)
  const pass = async (ms: number): Promise<void> => {
    await turn()
    clock.advance(ms)
    await turn()
  }
  return { watch, told, toldMore, pass, looked: () => looked }
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

test('a topic that the topology names is missed for good; those of a pattern are gone on without', () => {
  const named = new Set(['a'])
  expect(sourcesGone(['b', 'a'], named)).toMatchObject({ code: 'TOPOLOGY_INVALID', retriable: false })
  expect(sourcesGone(['b'], named)).toMatchObject({ retriable: true, place: { topic: 'b' } })
})
