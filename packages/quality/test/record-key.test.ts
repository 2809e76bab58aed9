import { isDeepStrictEqual } from 'node:util'
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { compileRecordKey } from '../src/record-key.ts'

const keyOf = compileRecordKey([(record) => record.value])
const key = (value: unknown): string | null => keyOf({ key: null, value, timestamp: null })
const pairKey = compileRecordKey([(record) => record.key, (record) => record.value])

/** Without negative zeros, which are zeros here. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** A deep copy whose objects have their fields in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, turned(member)]),
  )
}

test.each([
  ['1', 1],
  [0.1, '0.1'],
  [['a', 'b'], ['ab']],
  [[['a'], 'b'], [['a', 'b']]],
  [['1"a', 'b'], ['1"a1"b']],
  [
    { a: 1, b: 2 },
    { a: 1, b: '2' },
  ],
  [{ a: { b: 1 } }, { a: [1] }],
  [{ a: null }, {}],
  [new Map([['a', 1]]), { a: 1 }],
  [new Map([[1, 'a']]), new Map([['1', 'a']])],
  [Uint8Array.of(97), 'a'],
  [Uint8Array.of(1, 2), [1, 2]],
  [NaN, 'NaN'],
  [true, 'true'],
  ['x'.repeat(100), 'x'.repeat(101)],
])('tells %p from %p', (a, b) => {
  expect(key(a)).not.toBe(key(b))
})

test('is the same for equal values, whatever the order of their fields, and another for different ones', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(key(turned(a))).toBe(key(a))
      expect(key([a]) === key([b])).toBe(isDeepStrictEqual(plain(a), plain(b)))
    }),
  )
})

test('parts do not run together', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
      const same = a === c && b === d
      expect(pairKey({ key: a, value: b, timestamp: null }) === pairKey({ key: c, value: d, timestamp: null })).toBe(
        same,
      )
    }),
  )
})

test('an int is the same whether it is a number or a bigint; the order of a Map does not matter', () => {
  expect(key(5n)).toBe(key(5))
  const [ab, ba] = [
    [
      ['a', 1],
      ['b', 2],
    ],
    [
      ['b', 2],
      ['a', 1],
    ],
  ] as const
  expect(key(new Map(ab))).toBe(key(new Map(ba)))
})

test('a long key is a digest of 128 bits or more', () => {
  const long = key('x'.repeat(1000))!
  expect(long).toMatch(/^#[A-Za-z0-9+/]{22}$/)
  expect(key('short')).toBe('[5"short')
})

test('is null when everything is', () => {
  expect(pairKey({ key: null, value: undefined, timestamp: null })).toBeNull()
  expect(pairKey({ key: null, value: 1, timestamp: null })).not.toBeNull()
})
