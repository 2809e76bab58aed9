import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  decimalBytes,
  formatUnscaled,
  parseUnscaled,
  readBigEndian,
  writeBigEndian,
} from '../../src/parquet/decimal.ts'

const max = 10n ** 38n - 1n
const whole = fc.oneof(
  fc.bigInt({ min: -max, max }),
  fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
  fc.constantFrom(max, -max, 0n, 10n ** 15n - 1n, 10n ** 15n, -(10n ** 15n)),
)

describe('decimal text', () => {
  test('and its unscaled value are two forms of one thing', () => {
    fc.assert(
      fc.property(whole, fc.nat(38), (value, scale) => {
        const text = formatUnscaled(value, scale)
        const back = parseUnscaled(text, 38, scale)
        expect(BigInt(back!)).toBe(value)
        expect(typeof back).toBe(value > -(10n ** 15n) && value < 10n ** 15n ? 'number' : 'bigint')
      }),
    )
  })

  test('may have a plus, fewer digits than the scale, and zeros that add nothing', () => {
    const cases: [string, number, number, number][] = [
      ['+1.5', 5, 2, 150],
      ['7', 5, 2, 700],
      ['-0', 5, 2, 0],
      ['-0.00', 5, 2, 0],
      ['000000000000000000000000001.5', 5, 2, 150],
      ['1.50000000000000000000000000', 5, 2, 150],
      ['-00012.3400', 4, 2, -1234],
      ['0.00000000000000000000', 1, 0, 0],
      ['99.99', 4, 2, 9999],
    ]
    for (const [text, precision, scale, wanted] of cases) expect(parseUnscaled(text, precision, scale)).toBe(wanted)
  })

  test('with a digit too many is none', () => {
    expect(parseUnscaled('100.00', 4, 2)).toBeUndefined()
    expect(parseUnscaled('1.001', 4, 2)).toBeUndefined()
    expect(parseUnscaled(String(max + 1n), 38, 0)).toBeUndefined()
    expect(parseUnscaled(`1${'0'.repeat(20)}`, 38, 18)).toBeUndefined()
  })
})

describe('two’s complement', () => {
  test('of a precision takes as few bytes as its largest value needs', () => {
    expect([19, 20, 21, 22, 36, 37, 38].map((precision) => decimalBytes(precision))).toEqual([9, 9, 9, 10, 16, 16, 16])
    for (let precision = 1; precision <= 38; precision++) {
      const bytes = decimalBytes(precision)
      const largest = 10n ** BigInt(precision) - 1n
      expect(largest <= 2n ** BigInt(8 * bytes - 1) - 1n).toBe(true)
      if (bytes > 1) expect(largest > 2n ** BigInt(8 * bytes - 9) - 1n).toBe(true)
    }
  })

  test('is read back as it was written', () => {
    fc.assert(
      fc.property(whole, (value) => {
        const bytes = new Uint8Array(20).fill(0xaa)
        const short = value > -(10n ** 15n) && value < 10n ** 15n ? Number(value) : value
        writeBigEndian(short, 16, bytes, 2)
        expect(readBigEndian(bytes.subarray(2, 18))).toBe(value)
        expect([bytes[1], bytes[18]]).toEqual([0xaa, 0xaa])
      }),
    )
  })
})
