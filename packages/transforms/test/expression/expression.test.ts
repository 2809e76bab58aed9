/** Expressions mean what Groovy and JavaScript mean by them, and what neither understands alike is refused at the start. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DataError, SluiceError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { compileExpression } from '../../src/expression/expression.ts'
import { change } from '../support/change-events.ts'

const RECORD = change({
  op: 'u',
  before: { id: 2, note: null, state: 'new' },
  after: { id: 2, note: 'it’s "x"', state: 'paid' },
  headers: [{ key: 'trace', schema: null, value: 'abc' }],
})

function answer(text: string): Value {
  return compileExpression(text, 'condition')(RECORD)
}

describe('as users post them', () => {
  test.each<[string, Value]>([
    ["value.op == 'u' && value.before.id == 2", true],
    ["value.get('op') == 'd' || value.get('before').get('id') == 3", false],
    ["value.op == 'd' ? 'deletes' : null", null],
    ["value.op == 'u' ? 'updates' : null", 'updates'],
    ["topic.startsWith('p.') && !topic.endsWith('.x')", true],
    ["valueSchema.name == 'p.shop.orders.Envelope'", true],
    ["header.trace.value == 'abc'", true],
    ["value.after.state in ['paid', 'sent']", true],
    ["value.source.table.matches('ord.*')", true],
    ['value.after?.note?.contains(\'"x"\')', true],
    ['value.transaction?.id == null', true],
    ["value.before.note ?: 'none'", 'none'],
    ["topic + '.' + value.op", 'p.shop.orders.u'],
    ['(value.ts_ms - value.source.ts_ms) / 2 >= 500', true],
    ['value.ts_ms % 3 * 2 + 1', 5],
    ['-value.source.lsn < 0 && key.id !== 2', true],
    ["['a', 'b'].size() == 2 && ''.isEmpty() && 'ab'.length() === 2", true],
    ["value['op'].toUpperCase().equals('U')", true],
    ["value.containsKey('op') && value.after.id.toString() == '2'", true],
    ['1 + 2 * 3 == 7 && 10 - 2 - 3 == 5', true],
    ['true ? false ? 1 : 2 : 3', 2],
  ])('%s', (text, expected) => expect(answer(text)).toEqual(expected))
})

test('what is not evaluated does not fail', () => {
  expect(answer("value.transaction != null && value.transaction.id == '1'")).toBe(false)
  expect(answer("value.op == 'u' || value.transaction.id == '1'")).toBe(true)
})

test('whole numbers beyond 2^53 are equal by what they are', () => {
  const record = { ...RECORD, value: { a: 9_007_199_254_740_993n, b: 9_007_199_254_740_992 } }
  expect(compileExpression('value.a == value.b', 'c')(record)).toBe(false)
  expect(compileExpression('value.a > value.b', 'c')(record)).toBe(true)
  expect(compileExpression('value.n == value.n', 'c')({ ...RECORD, value: { n: Number.NaN } })).toBe(false)
})

test.each([
  'value.transaction.id == 1',
  'value.op > 1',
  'value.op && true',
  'value.op - 1',
  'value.ts_ms.trim()',
  '!value.op',
  'value.nothing.x == 1',
])('a record that it does not fit is bad: %s', (text) => expect(() => answer(text)).toThrow(DataError))

test.each([
  '',
  'value.',
  'value.op ==',
  "value.op == 'u",
  'value.op = 1',
  'import java.util.*; true',
  'value.op == "u"; true',
  'def x = 1',
  'values.op',
  "value.op =~ 'u'",
  'value.after.each { it }',
  'System.exit(1)',
  'value.constructor.constructor("x")()',
  'value.op.startsWith()',
  '(1',
  '[1,',
  '(('.repeat(500),
])('what is no such expression is refused: %s', (text) => {
  expect(() => compileExpression(text, 'condition')).toThrow(SluiceError)
  expect(() => compileExpression(text, 'condition')).toThrow('for configuration condition')
})

test('no name of an object’s own workings is a property', () => {
  expect(answer("value.get('__proto__')")).toBeNull()
  expect(answer('value.constructor')).toBeNull()
  expect(answer('value.toString')).toBeNull()
})

test('whatever the text is, it is compiled or refused', () => {
  const signs = fc.constantFrom(...'()[]?:.,!-+*/%<>=&|\'" '.split(''), 'value', 'op', '1', "'a'", 'in', '==', '&&')
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 30 }), (parts) => {
      try {
        compileExpression(parts.join(''), 'condition')
      } catch (error) {
        expect(error).toBeInstanceOf(SluiceError)
      }
    }),
    { numRuns: 3000, seed: 5 },
  )
})
