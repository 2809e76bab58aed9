/** Hashes are Java's: the expected numbers were printed by Java. */
import { describe, expect, test } from '@jest/globals'
import { array, date, decimal, map, primitive, timestamp } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { javaHash, murmurHash } from '../src/java-hash.ts'

const cases: readonly (readonly [what: string, schema: Schema | null, value: Value, hash: number])[] = [
  ['a text', primitive('string'), 'žluť', 11_487_934],
  ['true', primitive('boolean'), true, 1231],
  ['an int32', primitive('int32'), -5, -5],
  ['an int64', primitive('int64'), -5, 4],
  ['a whole number without a schema, a Long', null, -5, 4],
  ['an int64 beyond 2^53', primitive('int64'), 1_234_567_890_123_456_789n, 1_825_280_481],
  ['an int8', primitive('int8'), -3, -3],
  ['a float32', primitive('float32'), Math.fround(1.1), 1_066_192_077],
  ['a float64', primitive('float64'), -2.75, -1_073_348_608],
  ['a decimal', decimal(2), '-12.50', -38_748],
  ['a decimal beyond 64 bits', decimal(1), '123456789012345678901234567890.5', 1_113_278_083],
  ['a negative whole decimal beyond 64 bits', decimal(0), '-99999999999999999999', 1_772_434_263],
  ['a decimal zero', decimal(2), '0.00', 2],
  ['a date', date(), 19_000, 922_493_310],
  ['a timestamp', timestamp(), 1_700_000_000_123, -807_048_720],
  ['bytes', primitive('bytes'), Uint8Array.of(1, 254, 3), 32_613],
  ['a list', array(primitive('string', { optional: true })), ['a', null, 'b'], 123_106],
  [
    'a map',
    map(primitive('string'), primitive('int32')),
    new Map([
      ['a', 1],
      ['b', -2],
    ]),
    -4,
  ],
]

describe('hashCode', () => {
  test.each(cases)('of %s', (_what, schema, value, hash) => expect(javaHash(schema, value)).toBe(hash))
})

describe('MurmurHash3', () => {
  // Debezium's own test sends this text to partition 70 of 100.
  test('of a text is that of its bytes, as in Debezium', () => {
    expect((murmurHash(primitive('string'), 'hello-world') & 0x7fffffff) % 100).toBe(70)
  })

  // The bytes that fill no block of sixteen are signed.
  test.each([
    ['', 89_125_410],
    ['1234567890123456', 1_614_276_653],
    ['žluť', 1_171_109_712],
    ['žluťoučký kůň pěl ďábelské ódy', -1_229_553_472],
  ])('of the text %j is that of Infinispan', (text, hash) => expect(murmurHash(null, text)).toBe(hash))

  test('of a number is that of the bytes of its hashCode', () => {
    expect(murmurHash(primitive('int32'), 5)).toBe(-837_177_610)
    expect(murmurHash(primitive('int64'), 5)).toBe(-837_177_610)
    expect(murmurHash(primitive('int32'), -200)).toBe(-1_351_950_888)
  })
})
