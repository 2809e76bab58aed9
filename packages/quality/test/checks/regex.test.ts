import { expect, test } from '@jest/globals'
import { ask, sayOf } from './outcome-of.ts'

test.each([
  ['^[A-Z]{2}-[0-9]{4}$', false, 'AB-1234', 'pass'],
  ['^[A-Z]{2}-[0-9]{4}$', false, 'xAB-1234', 'regex.unmatched'],
  ['[0-9]+', false, 'a1b', 'pass'],
  ['abc', true, 'xABCx', 'pass'],
  ['^\\p{L}+$', false, 'Čeština', 'pass'],
  ['.', false, '', 'regex.unmatched'],
  ['1', false, 1, 'regex.type'],
  ['1', false, null, 'skip'],
  ['1', false, undefined, 'skip'],
])('regex %s (ignoring case: %p): %p is %s', (pattern, ignoreCase, value, expected) => {
  expect(sayOf({ check: 'regex', field: 'x', params: { pattern, ignoreCase } }, value)).toBe(expected)
})

test('a pattern that makes a backtracking matcher run away takes no longer than its text', () => {
  const params = { pattern: '^(a+)+$' }
  const before = performance.now()
  // At 40 characters, the backtracking of a JavaScript RegExp would outlast the test run by days.
  expect(sayOf({ check: 'regex', field: 'x', params }, `${'a'.repeat(100_000)}!`)).toBe('regex.unmatched')
  expect(performance.now() - before).toBeLessThan(2000)
})

test('cuts what it shows to 200 characters, without breaking a character', () => {
  const [reason] = ask(
    { check: 'regex', field: 'x', params: { pattern: '^b' } },
    { value: { x: '😀'.repeat(500) } },
  ).reasons
  expect(reason!.actual!.length).toBeLessThanOrEqual(200)
  expect(reason!.actual!.isWellFormed()).toBe(true)
})
