import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LongWords, doubleOf, isLong, isWhole, wholeOf } from '../../../src/parquet/json/numbers.ts'

const PARAMETERS = { seed: 7, numRuns: 5000, endOnFailure: true }

/** The text somewhere within other bytes. */
function within(text: string): readonly [Uint8Array, number, number] {
  return [Buffer.from(`9${text}9`), 1, 1 + text.length]
}

function longOf(text: string): bigint {
  const words = new LongWords()
  words.read(...within(text))
  const bytes = Int32Array.of(words.low, words.high)
  return new BigInt64Array(bytes.buffer)[0]!
}

describe('numbers of JSON', () => {
  test('are the doubles that JSON.parse has', () => {
    const digits = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.nat(20), fc.boolean())
    const fixed = digits.map(([value, point, isNegative]) => {
      const text = String(value).padStart(point + 1, '0')
      const sign = isNegative ? '-' : ''
      return point === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -point)}.${text.slice(-point)}`
    })
    const any = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value))
    fc.assert(
      fc.property(fc.oneof(fixed, any), (text) => {
        expect(doubleOf(...within(text))).toBe((JSON.parse(text) as number) + 0)
      }),
      PARAMETERS,
    )
    for (const text of [
      '9007199254740993',
      '9999999999999999',
      '-9007199254740993',
      '-0',
      '-0.0',
      '1e400',
      '123456789012345.6',
    ])
      expect(doubleOf(...within(text))).toBe((JSON.parse(text) as number) + 0)
  })

  test('are safe integers up to fifteen digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }), (value) => {
        expect(wholeOf(...within(String(value)))).toBe(value)
      }),
      PARAMETERS,
    )
    expect(wholeOf(...within('-0'))).toBe(0)
  })

  test('are 64 bits in two words from there on', () => {
    const long = fc.bigInt({ min: 10n ** 14n, max: 2n ** 63n - 1n })
    const near = fc.tuple(fc.integer({ min: 48, max: 62 }), fc.integer({ min: -3, max: 3 }))
    const beside = near.map(([power, by]) => 2n ** BigInt(power) + BigInt(by))
    fc.assert(
      fc.property(fc.oneof(long, beside), fc.boolean(), (value, isNegative) => {
        const wanted = isNegative ? -value : value
        expect(longOf(String(wanted))).toBe(wanted)
      }),
      PARAMETERS,
    )
    for (const value of [2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 32n * 10n ** 8n, -(2n ** 32n) * 10n ** 8n])
      expect(longOf(String(value))).toBe(value)
  })

  test('are told apart by their kind and length', () => {
    expect(isLong(...within('9223372036854775807'))).toBe(true)
    expect(isLong(...within('9223372036854775808'))).toBe(false)
    expect(isLong(...within('-9999999999999999999'))).toBe(false)
    expect(isLong(...within('10000000000000000000'))).toBe(false)
    expect(isWhole(...within('-12'))).toBe(true)
    for (const text of ['1.5', '1e3', '1E3', '1e+3']) expect(isWhole(...within(text))).toBe(false)
  })
})
