import { expect, test } from '@jest/globals'
import { StickyPartition } from '../../src/produce/partitioner.ts'

test('the sticky partition stays until the batch is closed, then goes round', () => {
  const sticky = new StickyPartition(3, 0.5)
  const seen: number[] = []
  for (let i = 0; i < 6; i++) {
    expect(sticky.current).toBe(sticky.current)
    seen.push(sticky.current)
    sticky.next(() => true)
  }
  expect(seen).toEqual([1, 2, 0, 1, 2, 0])
})

test('partitions without a leader are passed over as long as another has one', () => {
  const sticky = new StickyPartition(4, 0)
  sticky.next((partition) => partition !== 1)
  expect(sticky.current).toBe(2)
  sticky.next(() => false)
  expect(sticky.current).toBe(3)
})

test('a topic that grows is used in full', () => {
  const sticky = new StickyPartition(1, 0)
  sticky.next(() => true)
  expect(sticky.current).toBe(0)
  sticky.resize(2)
  sticky.next(() => true)
  expect(sticky.current).toBe(1)
})
