import { expect, test } from '@jest/globals'
import { array, map, primitive, struct } from '@sluice/sdk'
import { compilePath, parsePath, schemaAt } from '../src/field-path.ts'

function read(path: string, value: unknown, key: unknown = null): unknown {
  const parsed = parsePath(path)
  if (typeof parsed === 'string') throw new Error(parsed)
  return compilePath(parsed)({ key, value, timestamp: 7, topic: 't', partition: 3, offset: 9 })
}

test.each([
  ['a', { a: 1 }, 1],
  ['a.b', { a: { b: 2 } }, 2],
  ['a.b.c.d', { a: { b: { c: { d: 3 } } } }, 3],
  ['a', new Map([['a', 4]]), 4],
  ['a.b', new Map([['a', { b: 5 }]]), 5],
  ['a.1.b', { a: [{ b: 6 }, { b: 7 }] }, 7],
  ['a.1', { a: { 1: 8 } }, 8],
  ['a.1', { a: new Map([[1, 9]]) }, 9],
  ['a\\.b', { 'a.b': 10 }, 10],
  ['Cost Total $', { 'Cost Total $': 11 }, 11],
  ['\\@key', { '@key': 12 }, 12],
  ['a\\\\b', { 'a\\b': 13 }, 13],
  ['@value', 14, 14],
  ['@value.a', { a: 15 }, 15],
  ['constructor', { constructor: 16 }, 16],
  ['a', { a: null }, null],
])('%s of %p is %p', (path, value, expected) => {
  expect(read(path, value)).toBe(expected)
})

test.each([
  ['a', null],
  ['a', undefined],
  ['a', 'text'],
  ['length', 'text'],
  ['length', [1, 2]],
  ['length', Uint8Array.of(1)],
  ['size', new Map()],
  ['0', Uint8Array.of(1)],
  ['0', 'text'],
  ['a.b.c', { a: null }],
  ['a.b.c', { a: { b: 5 } }],
  ['constructor', {}],
  ['__proto__', {}],
  ['toString', { a: 1 }],
  ['hasOwnProperty', []],
  ['a.constructor.name', { a: {} }],
  ['01', { a: [1, 2] }],
])('%s of %p is not there', (path, value) => {
  expect(read(path, value)).toBeUndefined()
})

test('looks outside of the value', () => {
  expect(read('@key', null, 'k')).toBe('k')
  expect(read('@key.id', null, { id: 5 })).toBe(5)
  expect(['@topic', '@partition', '@offset', '@timestamp'].map((path) => read(path, null))).toEqual(['t', 3, 9, 7])
})

test.each([
  ['', 'a path'],
  ['a..b', 'empty names'],
  ['.a', 'empty names'],
  ['a\\', 'backslash'],
  ['@header.x', 'one of @value, @key'],
  ['@topic.x', 'it has no fields'],
])('refuses %p', (path, expected) => {
  expect(parsePath(path)).toContain(expected)
})

test('finds the schema of a path, or says what is missing', () => {
  const city = primitive('string')
  const schema = struct({ address: struct({ city }), items: array(struct({ sku: city })), tags: map(city, city) })
  expect(schemaAt(schema, ['address', 'city'])).toBe(city)
  expect(schemaAt(schema, ['items', '0', 'sku'])).toBe(city)
  expect(schemaAt(schema, ['tags', 'anything'])).toBe(city)
  expect(schemaAt(null, ['anything'])).toBeNull()
  expect(schemaAt(schema, ['address', 'town'])).toEqual({ missing: 'town', known: ['city'] })
  expect(schemaAt(schema, ['address', 'city', 'x'])).toEqual({ missing: 'x', known: [] })
  expect(schemaAt(schema, ['items', 'sku'])).toEqual({ missing: 'sku', known: [] })
})
