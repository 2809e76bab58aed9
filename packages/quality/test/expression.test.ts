import { describe, expect, test } from '@jest/globals'
import { array, decimal, map, primitive, struct } from '@sluice/sdk'
import {
  EXPRESSION_LIMITS,
  compileExpression,
  faultOf,
  type Expression,
  type ExpressionSchemas,
} from '../src/expression.ts'

const SCHEMALESS: ExpressionSchemas = { value: null, key: null }

function compiled(text: string, schemas = SCHEMALESS): Expression {
  const result = compileExpression(text, schemas)
  if (Array.isArray(result)) throw new Error(result.join('; '))
  return result as Expression
}

function refusal(text: string, schemas = SCHEMALESS): string {
  const result = compileExpression(text, schemas)
  return Array.isArray(result) ? result.join('; ') : 'accepted'
}

const holds = (text: string, value: unknown, schemas = SCHEMALESS): boolean =>
  compiled(text, schemas).holds({ key: 'k', value, timestamp: 1000, topic: 't' })

const fault = (text: string, value: unknown, schemas = SCHEMALESS): string | null =>
  faultOf(compiled(text, schemas), { key: 'k', value, timestamp: 1000 })

test.each([
  ['value.a > 1 && value.b in ["x", "y"]', { a: 2, b: 'x' }, true],
  ['value["Cost Total $"] == 0', { 'Cost Total $': 0 }, true],
  ['value.a.b.c == "x"', { a: { b: { c: 'x' } } }, true],
  ['value.m["k"] == 1 && value.m.k == 1', { m: new Map([['k', 1]]) }, true],
  ['value.items.all(i, i.n > 0)', { items: [{ n: 1 }, { n: 0 }] }, false],
  ['value.items.exists(i, i == "b")', { items: ['a', 'b'] }, true],
  ['key == "k" && topic == "t" && timestamp == 1000', {}, true],
  ['timestamp(value.at) > timestamp("2020-01-01T00:00:00Z")', { at: '2021-01-01T00:00:00Z' }, true],
  ['size(value.b) == 2', { b: Uint8Array.of(1, 2) }, true],
  ['value.b == b"\\x01"', { b: Buffer.of(1) }, true],
  ['value.big > 9007199254740992', { big: 2n ** 60n }, true],
  ['value', true, true],
  ['value == null', null, true],
])('%s of %p is %p', (text, value, expected) => {
  expect(holds(text, value)).toBe(expected)
})

describe('numbers', () => {
  const int = primitive('int32')
  const schemas: ExpressionSchemas = {
    value: struct({
      n: int,
      maybe: primitive('int64', { optional: true }),
      d: primitive('float64'),
      price: decimal(2),
      list: array(int),
      map: map(primitive('string'), int),
      inner: struct({ n: int, s: primitive('string') }),
    }),
    key: int,
  }
  const value = {
    n: 5,
    maybe: null,
    d: 1.5,
    price: '1.50',
    list: [1, 2],
    map: new Map([['a', 1]]),
    inner: { n: 7, s: 'x' },
  }

  test('without a schema are doubles, as in JSON', () => {
    expect(holds('value.a + 1.0 == 3.0', { a: 2 })).toBe(true)
    expect(fault('value.a + 1 == 3', { a: 2 })).toContain('no such overload')
  })

  test.each([
    'value.n + 1 == 6',
    'value.n % 2 == 1',
    'value.d + 1.0 == 2.5',
    'value.maybe == null',
    'value.list.all(i, i % 5 > 0)',
    'value.list[1] + 1 == 3',
    'value.map["a"] + 1 == 2',
    'value.inner.n + 1 == 8 && value.inner.s == "x"',
    'double(value.price) < 2.0',
    'value.n > value.d',
    'has(value.n)',
  ])('of a schema have its types: %s', (text) => {
    expect(holds(text, value, schemas)).toBe(true)
  })

  test('of a key as well', () => {
    expect(compiled('key % 2 == 1', schemas).holds({ key: 3, value: null, timestamp: null })).toBe(true)
  })

  test('that are no ints where the schema says so are errors', () => {
    expect(fault('value.n > 1', { ...value, n: 1.5 }, schemas)).toBe('an int of the schema is no whole number')
    expect(fault('value.n > 1', { ...value, n: 'x' }, schemas)).not.toBeNull()
  })

  test.each([
    ['value.n + "a" == "b"', 'no such overload'],
    ['value.d % 2.0 == 1.0', 'no such overload'],
    ['value.none > 1', 'No such key: none'],
    ['value.inner.none > 1', 'No such key: none'],
    ['value.n', 'this one is int'],
  ])('that cannot fit are refused before any record: %s', (text, expected) => {
    expect(refusal(text, schemas)).toContain(expected)
  })
})

describe('guards', () => {
  test.each([
    ['value.a.matches("^(a+)+$")', 're2('],
    ['value.l.exists(x, x.matches("a"))', 're2('],
    ['matches(value.a, "a")', 're2('],
    ['re2(value.a, value.b)', 'must be a literal'],
    ['value.a.re2("a" + "b")', 'must be a literal'],
    ['value.a.re2("(")', 're2() needs a pattern in RE2 syntax'],
    ['value.a.re2("(?=a)")', 're2() needs a pattern in RE2 syntax'],
    ['value.a >', 'a CEL expression (Unexpected token'],
    ['valu.a > 1', 'Unknown variable: valu'],
    ['frobnicate(value.a)', "no matching overload for 'frobnicate(dyn)'"],
    ['value.l.all(value, value > 1)', 'another name'],
    ['value.l.all(a, a.all(b, b.all(c, c > 0)))', 'nest at most 2'],
    ['"a" + "b"', 'this one is string'],
    ['1 + 1', 'this one is int'],
  ])('refuse %s', (text, expected) => {
    expect(refusal(text)).toContain(expected)
  })

  test('refuse what is too large', () => {
    expect(refusal(`value.a == "${'x'.repeat(EXPRESSION_LIMITS.charsMax)}"`)).toContain('at most 4096 characters')
    expect(refusal(`${'value.a + '.repeat(300)}1.0 > 2.0`)).toContain('maxAstNodes')
    expect(refusal(`${'('.repeat(100)}true${')'.repeat(100)}`)).toContain('maxDepth')
    expect(refusal(`value.a in [${Array.from({ length: 501 }, (_, i) => i).join(',')}]`)).not.toBe('accepted')
  })

  test('re2 searches in time linear in the text, as a function and as a method', () => {
    const before = performance.now()
    expect(holds('re2(value.a, "^(a+)+$")', { a: `${'a'.repeat(50_000)}!` })).toBe(false)
    expect(holds('value.a.re2("b{2}")', { a: 'abba' })).toBe(true)
    expect(performance.now() - before).toBeLessThan(2000)
  })

  test('a loop over more than it may read is an error, not a wait', () => {
    const items = Array.from({ length: EXPRESSION_LIMITS.sizeMax + 1 }, (_, i) => i)
    expect(fault('value.items.all(i, i >= 0)', { items })).toContain('more than 20000')
    expect(fault('value.items.all(i, i >= 0)', { items: items.slice(0, 1000), other: 'x'.repeat(50_000) })).toBeNull()
    expect(fault('value.items.all(i, value.items.all(j, i + j >= 0.0))', { items: items.slice(0, 2500) })).toContain(
      'more than 2000',
    )
    expect(fault('value.text.split("").all(c, c != "")', { text: 'x'.repeat(50_000) })).toContain('more than 20000')
    expect(fault('5 in value.items', { items })).toBeNull()
    const nested = [[items.slice(0, 1500)], [items.slice(0, 1500)]]
    expect(fault('value.items.all(i, i.all(j, j != null))', { items: nested })).toContain('more than 2000')
  })

  test('nothing inherited is seen', () => {
    expect(fault('value.constructor == null', {})).toBe('No such key: constructor at character 7')
    expect(fault('value.__proto__ == null', {})).toContain('No such key: __proto__')
    const schema = struct({ ['__proto__']: primitive('int32'), a: primitive('int32') })
    const value = JSON.parse('{"__proto__":{"a":1}}') as unknown
    expect(fault('value["__proto__"] == 1 && value.a == 1', value, { value: schema, key: null })).not.toBeNull()
  })
})

test('an answer that is no boolean is an error', () => {
  expect(fault('value.a', { a: 'yes' })).toBe('the answer is neither true nor false')
})
