import { expect, test } from '@jest/globals'
import { sayOf, type Question } from './outcome-of.ts'

const known: Question = { check: 'not_in_set', field: 'x', params: { values: ['N/A', 0], ignoreCase: true } }

test.each([
  ['Oslo', 'pass'],
  [1, 'pass'],
  ['n/a', 'not_in_set.refused'],
  [0, 'not_in_set.refused'],
  [null, 'skip'],
  [undefined, 'skip'],
])('not_in_set: %p is %s', (value, expected) => {
  expect(sayOf(known, value)).toBe(expected)
})
