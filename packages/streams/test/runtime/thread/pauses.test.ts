import { expect, test } from '@jest/globals'
import { Pauses } from '../../../src/runtime/thread/pauses.ts'

const at = (topic: string, partition: number) => ({ topic, partition })

test('a target covers all that it does not tell apart', () => {
  const pauses = new Pauses()
  pauses.add({ subtopology: 1 })
  expect([pauses.isPaused(1, at('a', 0)), pauses.isPaused(0, at('a', 0))]).toEqual([true, false])
  pauses.add({ topic: 'b', partition: 2 })
  expect([pauses.isPaused(0, at('b', 2)), pauses.isPaused(0, at('b', 1))]).toEqual([true, false])
  expect([pauses.has({ topic: 'b', partition: 2 }), pauses.has({ topic: 'b' }), pauses.has({})]).toEqual([
    true,
    false,
    false,
  ])
  pauses.add({})
  expect([pauses.isPaused(0, at('c', 9)), pauses.has({ topic: 'b' })]).toEqual([true, true])
})

test('what is paused twice is resumed twice, and the same target once', () => {
  const pauses = new Pauses()
  let changes = 0
  const forget = pauses.onChange(() => changes++)
  pauses.add({ partition: 1 })
  pauses.add({ partition: 1 })
  pauses.add({})
  pauses.remove({})
  expect(pauses.isPaused(0, at('a', 1))).toBe(true)
  pauses.remove({ partition: 1 })
  pauses.remove({ partition: 1 })
  expect(pauses.isPaused(0, at('a', 1))).toBe(false)
  expect(changes).toBe(5)
  forget()
  pauses.add({})
  expect(changes).toBe(5)
  expect(pauses.version).toBe(6)
})

test('a parked partition is one that nobody has paused: not itself, nor all of its topic or sub-topology', () => {
  const pauses = new Pauses()
  const record = { ...at('a', 1), offset: 7, error: null }
  pauses.park(3, record)
  expect([pauses.isPaused(3, at('a', 1)), pauses.has(at('a', 1)), pauses.parked()]).toEqual([true, true, [record]])
  for (const target of [{ topic: 'a' }, { subtopology: 3 }, {}]) {
    pauses.add(target)
    expect(pauses.parked()).toEqual([])
    pauses.remove(target)
    expect(pauses.parked()).toEqual([record])
  }
  pauses.add({ subtopology: 2 })
  pauses.park(3, { ...at('b', 0), offset: 1, error: null })
  expect(pauses.parked()).toHaveLength(2)
  pauses.add(at('a', 1))
  pauses.remove(at('b', 0))
  expect([pauses.parked(), pauses.isPaused(3, at('a', 1)), pauses.isPaused(3, at('b', 0))]).toEqual([[], true, false])
})

test('a key is paused in its topic, or in one of its partitions, whether it is given as text or as bytes; nothing else is', () => {
  const pauses = new Pauses()
  pauses.add({ topic: 'a', key: 'é' })
  pauses.add({ topic: 'a', partition: 1, key: Buffer.from([0xff]) })
  const keys = (topic: string, partition: number): string[] => [...pauses.keysOf(0, at(topic, partition))]
  expect([keys('a', 0), keys('a', 1), keys('b', 1)]).toEqual([['\u00c3\u00a9'], ['\u00c3\u00a9', '\u00ff'], []])
  expect([pauses.isPaused(0, at('a', 1)), pauses.has({ topic: 'a' }), pauses.has({ topic: 'a', key: 'e' })]).toEqual([
    false,
    false,
    false,
  ])
  expect(pauses.has({ topic: 'a', partition: 7, key: new TextEncoder().encode('é') })).toBe(true)
  pauses.add({ topic: 'a' })
  expect(pauses.has({ topic: 'a', key: 'e' })).toBe(true)
  pauses.remove({ topic: 'a', key: Buffer.from('é') })
  expect(keys('a', 0)).toEqual([])
})
