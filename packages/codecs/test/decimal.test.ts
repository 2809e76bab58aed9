/** Decimals keep every digit and the sign, as text and as bytes. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bigIntBytes, bigIntOf, decimalText, readDecimal, rescale } from '../src/decimal.ts'

test.each([
  [0n, '00'],
  [-1n, 'ff'],
  [127n, '7f'],
  [128n, '0080'],
  [-128n, '80'],
  [-129n, 'ff7f'],
  [256n, '0100'],
])('bytes of %p are those of BigInteger.toByteArray', (value, hex) =>
  expect(bigIntBytes(value).toString('hex')).toBe(hex),
)

test('bytes read back as the same integer', () =>
  fc.assert(fc.property(fc.bigInt(), (value) => bigIntOf(bigIntBytes(value)) === value)))

test('text reads back as the same text', () =>
  fc.assert(
    fc.property(fc.bigInt(), fc.integer({ min: 0, max: 30 }), (unscaled, scale) => {
      const text = decimalText({ unscaled, scale })
      expect(readDecimal(text, scale)).toEqual({ unscaled, scale })
    }),
  ))

test('another scale is given only if no digit is lost', () => {
  expect(rescale({ unscaled: 1500n, scale: 3 }, 1)).toEqual({ unscaled: 15n, scale: 1 })
  expect(rescale({ unscaled: 15n, scale: 1 }, 3)).toEqual({ unscaled: 1500n, scale: 3 })
  expect(() => rescale({ unscaled: 15n, scale: 1 }, 0)).toThrow('mismatching scale')
  expect(() => rescale({ unscaled: 1n, scale: -999_999_999 }, 0)).toThrow('mismatching scale')
})

test('no bytes are no integer', () => expect(() => bigIntOf(new Uint8Array())).toThrow('Zero length BigInteger'))
