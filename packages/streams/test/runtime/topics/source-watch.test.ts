import { afterEach, expect, test } from '@jest/globals'
import { silentLogger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { SourceWatch, sourcesGone } from '../../../src/runtime/topics/source-watch.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const watches: SourceWatch[] = []
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop()
})

/** `looks`: what is there at each look, or that nobody can tell. */
function watching(...looks: (readonly string[] | 'fails')[]) {
  const clock = new FakeClock()
  const told: (readonly string[])[] = []
  let looked = 0
  const describeTopics = () => {
    const look = looks[looked++] ?? ['a', 'b']
    if (look === 'fails') return Promise.reject(new Error('away'))
    return Promise.resolve(look.map((topic) => ({ topic, partitions: 1 })))
  }
  const watch = new SourceWatch({
    admin: { describeTopics },
    topics: ['a', 'b'],
    intervalMs: 10_000,
    clock,
    logger: silentLogger,
    onMissing: (topics) => told.push(topics),
  })
  watches.push(watch)
  const pass = async (ms: number): Promise<void> => {
    await turn()
    clock.advance(ms)
    await turn()
  }
  return { watch, told, pass, looked: () => looked }
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

test('a topic that the topology names is missed for good; those of a pattern are gone on without', () => {
  const named = new Set(['a'])
  expect(sourcesGone(['b', 'a'], named)).toMatchObject({ code: 'TOPOLOGY_INVALID', retriable: false })
  expect(sourcesGone(['b'], named)).toMatchObject({ retriable: true, place: { topic: 'b' } })
})
