import { expect, test } from '@jest/globals'
import { ask, type Question } from './outcome-of.ts'

const expr = (expression: string, more: object = {}): Question => ({ check: 'expr', params: { expression }, ...more })

test.each([
  ['value.a > 1', { a: 2 }, 'pass'],
  ['value.a > 1', { a: 1 }, 'expr.false'],
  ['value.a > value.b', { a: 1, b: 'x' }, 'error:expression.error'],
  ['value.a > 1', {}, 'error:expression.error'],
  ['value.a', { a: 5 }, 'error:expression.error'],
  ['value.a', { a: true }, 'pass'],
  ['has(value.a) && value.a > 1', {}, 'expr.false'],
  ['value.a == null', { a: null }, 'pass'],
])('expr %s on %j is %s', (expression, value, expected) => {
  expect(ask(expr(expression), { value }).said).toBe(expected)
})

test('is skipped when one of its fields is null', () => {
  const question = expr('value.a < value.b', { fields: ['a', 'b'] })
  expect(ask(question, { value: { a: 1, b: null } }).said).toBe('skip')
  expect(ask(question, { value: { a: 1, b: 0 } }).said).toBe('expr.false')
})

test('an error is a reason that says what went wrong', () => {
  const [reason] = ask(expr('value.a > 1'), { value: { b: 1 } }).reasons
  expect(reason!.message).toContain('could not be evaluated: No such key: a')
})

test('does not show a value that CEL quotes in its error', () => {
  const [reason] = ask(expr('bool(value.a)'), { value: { a: 'secret' } }).reasons
  expect(JSON.stringify(reason)).not.toContain('secret')
})
