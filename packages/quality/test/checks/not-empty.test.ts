import { expect, test } from '@jest/globals'
import { sayOf } from './outcome-of.ts'

test.each([
  ['a', 'pass'],
  [0, 'pass'],
  [false, 'pass'],
  [[0], 'pass'],
  [{ a: null }, 'pass'],
  [new Map([[1, 2]]), 'pass'],
  [Uint8Array.of(0), 'pass'],
  ['', 'not_empty.empty'],
  [' \t\u00a0', 'not_empty.empty'],
  [[], 'not_empty.empty'],
  [{}, 'not_empty.empty'],
  [new Map(), 'not_empty.empty'],
  [new Uint8Array(0), 'not_empty.empty'],
  [null, 'not_empty.null'],
  [undefined, 'not_empty.null'],
])('not_empty: %p is %s', (value, expected) => {
  expect(sayOf({ check: 'not_empty', field: 'x' }, value)).toBe(expected)
})

test('white space is content when it is not trimmed', () => {
  expect(sayOf({ check: 'not_empty', field: 'x', params: { trim: false } }, ' ')).toBe('pass')
})
