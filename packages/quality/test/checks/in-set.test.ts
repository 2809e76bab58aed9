import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { ask, sayOf, type Question } from './outcome-of.ts'

const open: Question = { check: 'in_set', field: 'x', params: { values: ['open', 'closed', 1, true] } }

test.each([
  ['open', 'pass'],
  [1, 'pass'],
  [true, 'pass'],
  ['Open', 'in_set.other'],
  ['1', 'in_set.other'],
  [false, 'in_set.other'],
  [['open'], 'in_set.other'],
  ['', 'in_set.other'],
  [null, 'skip'],
  [undefined, 'skip'],
])('in_set: %p is %s', (value, expected) => {
  expect(sayOf(open, value)).toBe(expected)
})

test('ignores case on request', () => {
  expect(sayOf({ check: 'in_set', field: 'x', params: { values: ['Open'], ignoreCase: true } }, 'oPEN')).toBe('pass')
})

test('says what was allowed and what was found', () => {
  const [reason] = ask(open, { value: { x: 'ajar' } }).reasons
  expect(reason).toMatchObject({ field: 'x', expected: 'one of open, closed, 1, true', actual: 'ajar' })
  expect(reason!.message).toBe('x: expected one of open, closed, 1, true, found ajar')
})

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean())

test('passes exactly the members of the list, and not_in_set exactly the others', () => {
  fc.assert(
    fc.property(fc.uniqueArray(scalar, { minLength: 1, maxLength: 5 }), scalar, (values, value) => {
      const isMember = values.includes(value)
      expect(sayOf({ check: 'in_set', field: 'x', params: { values } }, value)).toBe(isMember ? 'pass' : 'in_set.other')
      expect(sayOf({ check: 'not_in_set', field: 'x', params: { values } }, value)).toBe(
        isMember ? 'not_in_set.refused' : 'pass',
      )
    }),
  )
})
