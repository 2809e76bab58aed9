import { expect, test } from '@jest/globals'
import { memoryStores } from '../../src/state/create-store.ts'
import type { SuppressionBuffer } from '../../src/state/stores.ts'
import { base } from './definitions.ts'
import { TestContext } from './test-context.ts'

function opened(tracksBytes: boolean): SuppressionBuffer<string, string> {
  const store = memoryStores({ ...base(), kind: 'suppression', tracksBytes }, new TestContext())
  return store as unknown as SuppressionBuffer<string, string>
}

test('a change of a key that waits takes its place, with the value before the first as the prior one', () => {
  const buffer = opened(false)
  buffer.put(5, 'a', 'x', 'before')
  buffer.put(3, 'b', 'y', null)
  buffer.put(9, 'a', 'z', 'x')
  expect([buffer.numRecords, buffer.minTime]).toEqual([2, 3])
  expect(buffer.priorValue('a')).toEqual({ value: 'before', timestamp: -1 })
  expect(buffer.priorValue('b')).toBeNull()
  expect(buffer.priorValue('c')).toBeUndefined()
  const evicted: unknown[] = []
  buffer.evictWhile(
    () => true,
    ({ key, time, newValue, oldValue }) => evicted.push([key, time, newValue, oldValue]),
  )
  expect(evicted).toEqual([
    ['b', 3, 'y', null],
    ['a', 5, 'z', 'x'],
  ])
  expect([buffer.numRecords, buffer.minTime]).toEqual([0, Infinity])
})

test('bytes are counted only where they are bounded, and given back', () => {
  const buffer = opened(true)
  buffer.put(5, 'a', 'four', null)
  const one = buffer.sizeBytes
  // Its time, the key, the value; of the record: time, offset, topic, partition.
  expect(one).toBe(8 + 1 + 4 + (8 + 8 + 2 + 4))
  buffer.put(5, 'a', 'longer', 'four')
  expect(buffer.sizeBytes).toBe(one + 6)
  buffer.evictWhile(
    () => true,
    () => {},
  )
  expect(buffer.sizeBytes).toBe(0)
  const unbounded = opened(false)
  unbounded.put(5, 'a', 'four', null)
  expect(unbounded.sizeBytes).toBe(0)
})

test('the changelog hears of what waits at a commit, of its end once it knows it, and never of what came and went in between', () => {
  const context = new TestContext()
  const store = memoryStores({ ...base(), kind: 'suppression', tracksBytes: false }, context)
  const buffer = store as unknown as SuppressionBuffer<string, string>
  const letAllGo = (): void =>
    buffer.evictWhile(
      () => true,
      () => undefined,
    )
  const told = (): unknown[] => {
    const from = context.logged.length
    store.flush()
    return context.logged.slice(from).map(({ key, value }) => [key.toString(), value === null ? null : 'a row'])
  }
  buffer.put(1, 'passing', 'x', null)
  letAllGo()
  expect(told()).toEqual([])
  buffer.put(1, 'a', 'x', null)
  expect(told()).toEqual([['a', 'a row']])
  letAllGo()
  buffer.put(1, 'passing', 'x', null)
  letAllGo()
  expect(told()).toEqual([['a', null]])
  expect(told()).toEqual([])
  buffer.put(1, 'a', 'x', null)
  letAllGo()
  buffer.put(1, 'a', 'y', null)
  expect(told()).toEqual([['a', 'a row']])
  const restored = memoryStores({ ...base(), kind: 'suppression', tracksBytes: false }, context)
  restored.restore(context.records())
  ;(restored as unknown as SuppressionBuffer<string, string>).evictWhile(
    () => true,
    () => undefined,
  )
  const from = context.logged.length
  restored.flush()
  expect(context.logged.slice(from).map(({ key, value }) => [key.toString(), value])).toEqual([['a', null]])
})

test('with a commit far away, much that waits asks to be told, and nothing is kept of the many that came and went', () => {
  const context = new TestContext()
  const store = memoryStores({ ...base(), kind: 'suppression', tracksBytes: false }, context)
  const buffer = store as unknown as SuppressionBuffer<string, string>
  for (let i = 0; i < 50_000; i++) {
    buffer.put(i, `${i}`, 'x', null)
    buffer.evictWhile(
      () => buffer.numRecords > 10,
      () => undefined,
    )
  }
  expect(context.full).toEqual([])
  for (let i = 0; i < 20_000; i++) buffer.put(i, `waits ${i}`, 'x', null)
  expect(context.full).toEqual([store.name])
  store.flush()
  expect(new Set(context.logged.map(({ key }) => Buffer.from(key).toString())).size).toBe(buffer.numRecords)
  expect(context.logged).toHaveLength(buffer.numRecords)
})
