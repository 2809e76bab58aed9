/** Numbers are printed with the digits Java would print, and read back as the same number. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { javaDecimal, javaDouble, javaFloat } from '@sluice/sdk/values'

describe('Double.toString', () => {
  test.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [100, '100.0'],
    [0.001, '0.001'],
    [9.99e-4, '9.99E-4'],
    [9_999_999, '9999999.0'],
    [1e7, '1.0E7'],
    [-12_345_678, '-1.2345678E7'],
    [12_345_678.9, '1.23456789E7'],
    [1e23, '1.0E23'],
    [Number.MIN_VALUE, '4.9E-324'],
    [Number.MAX_VALUE, '1.7976931348623157E308'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('of %p is %s', (value, text) => expect(javaDouble(value)).toBe(text))

  test('reads back as the same number', () =>
    fc.assert(fc.property(fc.double(), (value) => Object.is(Number(javaDouble(value)), value))))
})

describe('Float.toString', () => {
  test.each([
    [1.1, '1.1'],
    [16_777_216, '1.6777216E7'],
    [3.402_823_5e38, '3.4028235E38'],
    [2 ** -149, '1.4E-45'],
    [1e-5, '1.0E-5'],
    [123_456.79, '123456.79'],
  ])('of %p is %s', (value, text) => expect(javaFloat(Math.fround(value))).toBe(text))

  test('reads back as the same float', () =>
    fc.assert(fc.property(fc.float(), (value) => Object.is(Math.fround(Number(javaFloat(value))), value))))
})

describe('BigDecimal.toString', () => {
  test.each([
    [15_678n, 2, '156.78'],
    [0n, 3, '0.000'],
    [15n, -2, '1.5E+3'],
    [1n, 7, '1E-7'],
    [1n, 6, '0.000001'],
    [-5n, 1, '-0.5'],
    [10n, -1, '1.0E+2'],
    [123n, 9, '1.23E-7'],
  ])('of %p with scale %p is %s', (unscaled, scale, text) => expect(javaDecimal(unscaled, scale)).toBe(text))
})
