import { expect, test } from '@jest/globals'
import { sayOf } from './outcome-of.ts'

test.each([
  ['date', '2026-02-28', 'pass'],
  ['date', '2026-02-30', 'format.other'],
  ['email', '', 'format.other'],
  ['date', 20512, 'format.type'],
  ['uuid', null, 'skip'],
  ['uuid', undefined, 'skip'],
])('format %s: %p is %s', (is, value, expected) => {
  expect(sayOf({ check: 'format', field: 'x', params: { is } }, value)).toBe(expected)
})
