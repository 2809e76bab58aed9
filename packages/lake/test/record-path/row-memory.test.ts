import { expect, test } from '@jest/globals'
import { memoryOf } from '../../src/record-path/row-memory.ts'

// What V8 took for 50,000 of each, between two collections, with Node 24.
test.each([
  [{ id: 1, seq: 1.5, customer: 'c-0000000000000001-abcd', address: { city: 'Zürich', lat: 1.5 }, tags: ['a1'] }, 264],
  [{ a: `${'x'.repeat(1000)}1`, b: '東京1' }, 1105],
  [{ a: 9_007_199_254_740_994n, b: Buffer.from('abc1'), c: new Map([['k1', 1.5]]) }, 417],
  [{ a: 'x'.repeat(200) }, 248],
])('a row takes about what V8 takes for it: %#', (row, measured) => {
  const found = memoryOf(row)
  expect(found).toBeGreaterThan(measured * 0.7)
  expect(found).toBeLessThan(measured * 1.4)
})

test('texts that many rows have alike count in each of them, for each has its own', () => {
  const rows = Array.from({ length: 100 }, () => ({ note: 'x'.repeat(500) }))
  expect(memoryOf(rows)).toBeGreaterThan(100 * 500)
})

test('nothing takes nothing', () => {
  expect([null, undefined, true, 7].map(memoryOf)).toEqual([0, 0, 0, 0])
})
