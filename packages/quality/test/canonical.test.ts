import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { canonicalJson, fingerprint } from '../src/canonical.ts'

test('is the same for the same data in another order', () => {
  expect(canonicalJson({ b: [1, { d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[1,{"d":1}]}')
  expect(
    canonicalJson(
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    ),
  ).toBe(
    canonicalJson(
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    ),
  )
})

test.each([
  ['1', 1],
  [null, 'null'],
  [[1, 2], [[1, 2]]],
  [
    [1, 23],
    [12, 3],
  ],
  [{ a: '","b":"' }, { a: '', b: '' }],
  [new Map([['a', 1]]), { a: 1 }],
  [Uint8Array.of(1), Uint8Array.of(1, 0)],
  [NaN, null],
  [true, 'true'],
])('tells %p from %p', (a, b) => {
  expect(canonicalJson(a)).not.toBe(canonicalJson(b))
})

test('is JSON that means what it was made from', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // JSON has no negative zero.
      const plain: unknown = JSON.parse(JSON.stringify(value))
      expect(JSON.parse(canonicalJson(value))).toEqual(plain)
    }),
  )
})

test('a fingerprint is SHA-256 in hex', () => {
  expect(fingerprint('abc')).toBe('6cc43f858fbb763301637b5af970e2a46b46f461f27e5a0f41e009c59b827b25')
})
