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
