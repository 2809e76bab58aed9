import { isUtf8 } from 'node:buffer'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { skipString, skipValue } from '../../../src/parquet/json/scan.ts'

/** Whether all of it passes as one value. */
function passes(bytes: Uint8Array): boolean {
  return skipValue(bytes, 0, 0) === bytes.length
}

function isJson(bytes: Uint8Array): boolean {
  if (!isUtf8(bytes)) return false
  try {
    JSON.parse(Buffer.from(bytes).toString())
    return true
  } catch {
    return false
  }
}

describe('what passes', () => {
  test('is what JSON.parse writes and reads', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, blanks) => {
        const text = JSON.stringify(value, null, blanks)
        // Whole numbers beyond 64 bits do not pass.
        fc.pre(!/\d{19}/.test(text))
        expect(passes(Buffer.from(text))).toBe(true)
      }),
      { seed: 7, numRuns: 2000, endOnFailure: true },
    )
  })

  test('is JSON in UTF-8, however it was damaged', () => {
    const damages = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 2 })
    fc.assert(
      fc.property(fc.jsonValue(), damages, fc.nat(), (value, places, cut) => {
        const bytes = Buffer.from(JSON.stringify(value))
        for (const [at, byte] of places) bytes[at % bytes.length] = byte
        for (const text of [bytes, bytes.subarray(0, cut % bytes.length)])
          if (passes(text)) expect(isJson(text)).toBe(true)
      }),
      { seed: 7, numRuns: 5000, endOnFailure: true },
    )
  })

  test.each(['01', '-', '-01', '1.', '.5', '1.e3', '1e', '1e+', '+1', '0x1', 'NaN', 'tru', 'nulL', 'falsy'])(
    'is not %s',
    (text) => {
      expect(passes(Buffer.from(text))).toBe(false)
    },
  )

  test.each([
    '"',
    '"a',
    '"\\"',
    '"\\x"',
    '"\\u00g0"',
    '"\\u12"',
    '"\u0001"',
    '[',
    '[1',
    '[1,]',
    '{"a"}',
    '{"a":}',
    '{a:1}',
  ])('is not %j', (text) => {
    expect(passes(Buffer.from(text))).toBe(false)
  })

  test('has whole numbers of 64 bits, and is nested less than a hundred deep', () => {
    for (const number of ['9223372036854775807', '-9223372036854775807', '1e400', '12345678901234567890.5'])
      expect(passes(Buffer.from(number))).toBe(true)
    for (const number of ['9223372036854775808', '-9223372036854775808', '1'.repeat(30), `1.${'0'.repeat(100)}`])
      expect(passes(Buffer.from(number))).toBe(false)
    expect(passes(Buffer.from('['.repeat(100) + ']'.repeat(100)))).toBe(true)
    expect(passes(Buffer.from('['.repeat(101) + ']'.repeat(101)))).toBe(false)
  })
})

describe('in a string', () => {
  test('characters are those that UTF-8 has', () => {
    // Every first and second byte, and what follows at its edges.
    const misjudged: Uint8Array[] = []
    for (let first = 0x80; first <= 0xff; first++)
      for (let second = 0; second <= 0xff; second++)
        for (const rest of [[], [0x80], [0xbf], [0xc0], [0x80, 0x80], [0xbf, 0xbf], [0x80, 0x41], [0x41, 0x80]]) {
          const bytes = Buffer.from([0x22, first, second, ...rest, 0x22])
          if ((skipString(bytes, 1) === bytes.length) !== isJson(bytes)) misjudged.push(bytes)
        }
    expect(misjudged).toEqual([])
  })

  test('escapes are told of', () => {
    expect(skipString(Buffer.from('"ab"'), 1)).toBe(4)
    expect(skipString(Buffer.from('"a\\n"'), 1)).toBe(~5)
    expect(skipString(Buffer.from('"\\ud800"'), 1)).toBe(~8)
  })
})
