import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { exactNumber, parseExact, stringifyExact } from '../../../src/formats/delta/exact-json.ts'

describe('JSON that keeps every digit', () => {
  test('64-bit integers and 38-digit decimals come through unchanged', () => {
    const text =
      '{"max":9223372036854775807,"min":-9223372036854775808,"safe":-9007199254740991,"d":-12345678901234567890123456789012345678.90,"short":1.5,"s":"\\u00e9","list":[1,null,true]}'
    expect(stringifyExact(parseExact(text))).toBe(text.replace('\\u00e9', 'é'))
    expect(parseExact('9223372036854775807')).toBe(9_223_372_036_854_775_807n)
    expect(parseExact('9007199254740991')).toBe(9_007_199_254_740_991)
    expect(parseExact('1.5')).toBe(1.5)
    expect(parseExact('1e400')).toEqual(exactNumber('1e400'))
  })

  test('what is undefined is left out, not written as null', () => {
    expect(stringifyExact({ a: undefined, b: null, c: exactNumber('12.50') })).toBe('{"b":null,"c":12.50}')
  })

  test('any JSON text of integers and decimals is written back digit for digit', () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
      fc
        .tuple(fc.bigInt({ min: 10n ** 17n, max: 10n ** 36n }), fc.stringMatching(/^\d{1,18}$/))
        .map(([a, b]) => `${a}.${b}`),
    )
    fc.assert(
      fc.property(fc.array(number), (numbers) => {
        const text = `[${numbers.join(',')}]`
        expect(stringifyExact(parseExact(text))).toBe(text)
      }),
    )
  })

  test('torn text is an error', () => {
    expect(() => parseExact('{"a":')).toThrow(SyntaxError)
    expect(() => exactNumber('12.')).toThrow(SyntaxError)
  })
})
