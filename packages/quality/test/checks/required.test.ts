import { expect, test } from '@jest/globals'
import { ask, sayOf } from './outcome-of.ts'

test.each([
  [0, 'pass'],
  ['', 'pass'],
  [false, 'pass'],
  [[], 'pass'],
  [NaN, 'pass'],
  [null, 'required.null'],
  [undefined, 'required.absent'],
])('required: %p is %s', (value, expected) => {
  expect(sayOf({ check: 'required', field: 'x' }, value)).toBe(expected)
})

test('asks for the key, and for a value that is no tombstone', () => {
  expect(ask({ check: 'required', field: '@key' }, { key: 'a', value: null }).said).toBe('pass')
  expect(ask({ check: 'required', field: '@key' }, { key: null, value: {} }).said).toBe('required.null')
  expect(ask({ check: 'required', field: '@value' }, { key: 'a', value: null }).said).toBe('required.null')
  expect(ask({ check: 'required', field: 'x' }, { key: 'a', value: null }).said).toBe('required.absent')
})

test('names every one of several fields that is missing', () => {
  const { reasons } = ask({ check: 'required', fields: ['a', 'b.c', 'd'] }, { value: { a: 1, b: {}, d: null } })
  expect(reasons.map(({ field, code }) => [field, code])).toEqual([
    ['b.c', 'required.absent'],
    ['d', 'required.null'],
  ])
})
