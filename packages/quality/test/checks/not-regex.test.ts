import { expect, test } from '@jest/globals'
import { sayOf } from './outcome-of.ts'

test.each([
  ['Oslo', 'pass'],
  ['n/a', 'not_regex.matched'],
  ['NULL', 'not_regex.matched'],
  [5, 'pass'],
  [null, 'skip'],
  [undefined, 'skip'],
])('not_regex: %p is %s', (value, expected) => {
  expect(sayOf({ check: 'not_regex', field: 'x', params: { pattern: '(?i)^(n/a|null)$' } }, value)).toBe(expected)
})
