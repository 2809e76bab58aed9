import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { compareUtf8 } from '@sluice/object-store'
import type { ColumnStatistics, LeafType, ParquetBound, ParquetFile } from '../../../src/parquet/index.ts'
import { lowerText, statsOf, upperText } from '../../../src/formats/delta/stats.ts'

const file = (...columns: ColumnStatistics[]): ParquetFile => ({ rows: 10, size: 1, rowGroups: [], columns })

function column(name: string, type: LeafType, min?: ParquetBound, max?: ParquetBound): ColumnStatistics {
  return {
    path: name.split('.'),
    type,
    repeatedFrom: 0,
    nullCount: 1,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  }
}

const boundsOf = (type: LeafType, min?: ParquetBound, max?: ParquetBound): string =>
  /"minValues":(.*),"nullCount"/.exec(statsOf(file(column('c', type, min, max))))![1]!

describe('the statistics of a file', () => {
  test.each<[string, string]>([
    ['a long keeps its digits', boundsOf({ kind: 'int64' }, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n)],
    [
      'a decimal keeps its scale',
      boundsOf({ kind: 'decimal', precision: 38, scale: 2 }, '-12.50', '12345678901234567890123456.00'),
    ],
    ['a date is ISO text', boundsOf({ kind: 'date' }, -1, 20_000)],
    [
      'a timestamp is cut down to the millisecond',
      boundsOf({ kind: 'timestamp', unit: 'ms', utc: true }, -1, 1_760_000_000_123_999),
    ],
    ['a timestamp without zone has none', boundsOf({ kind: 'timestamp', unit: 'us', utc: false }, 0, 1n)],
    ['an infinite bound takes both with it', boundsOf({ kind: 'double' }, 1, Infinity)],
    ['no bounds, no bounds (all null, or a NaN)', boundsOf({ kind: 'double' })],
    ['booleans and bytes have none', boundsOf({ kind: 'boolean' }, false, true)],
    ['a date beyond the year 9999 has none', boundsOf({ kind: 'date' }, 0, 3_000_000)],
  ])('%s', (name, bounds) => {
    const expected: Record<string, string> = {
      'a long keeps its digits': '{"c":-9223372036854775808},"maxValues":{"c":9223372036854775807}',
      'a decimal keeps its scale': '{"c":-12.50},"maxValues":{"c":12345678901234567890123456.00}',
      'a date is ISO text': '{"c":"1969-12-31"},"maxValues":{"c":"2024-10-04"}',
      'a timestamp is cut down to the millisecond':
        '{"c":"1969-12-31T23:59:59.999Z"},"maxValues":{"c":"2025-10-09T08:53:20.123Z"}',
      'a timestamp without zone has none':
        '{"c":"1970-01-01T00:00:00.000"},"maxValues":{"c":"1970-01-01T00:00:00.000"}',
      'a date beyond the year 9999 has none': '{"c":"1970-01-01"},"maxValues":{}',
    }
    expect(bounds).toBe(expected[name] ?? '{},"maxValues":{}')
  })

  test('rows and nulls are always there, bounds for the first 32 columns', () => {
    const columns = Array.from({ length: 40 }, (_, i) => column(`c${i}`, { kind: 'int32' }, 1, 2))
    const counted = (configuration: Record<string, string>): { numRecords: number; nullCount: object } =>
      JSON.parse(statsOf(file(...columns), configuration)) as { numRecords: number; nullCount: object }
    expect(counted({}).numRecords).toBe(10)
    expect(Object.keys(counted({}).nullCount)).toHaveLength(32)
    expect(Object.keys(counted({ 'delta.dataSkippingNumIndexedCols': '2' }).nullCount)).toEqual(['c0', 'c1'])
    expect(Object.keys(counted({ 'delta.dataSkippingNumIndexedCols': '-1' }).nullCount)).toHaveLength(40)
    expect(Object.keys(counted({ 'delta.dataSkippingStatsColumns': 'c39, `c1`' }).nullCount)).toEqual(['c1', 'c39'])
  })
})

describe('the statistics of nested columns', () => {
  const leaf = (path: string, repeatedFrom = 0): ColumnStatistics => ({
    path: path.split('.'),
    repeatedFrom,
    type: { kind: 'int32' },
    nullCount: 0,
    min: 1,
    max: 2,
  })
  const columns = [leaf('a'), leaf('l.list.element.x', 1), leaf('l.list.element.y', 1), leaf('s.b'), leaf('s.t.c')]
  const counted = (configuration: Record<string, string>): unknown =>
    (JSON.parse(statsOf(file(...columns), configuration)) as { nullCount: unknown }).nullCount

  test('stand in structs as the columns do; lists and maps have none, and count as one column', () => {
    expect(counted({})).toEqual({ a: 0, s: { b: 0, t: { c: 0 } } })
    expect(counted({ 'delta.dataSkippingNumIndexedCols': '3' })).toEqual({ a: 0, s: { b: 0 } })
    expect(counted({ 'delta.dataSkippingNumIndexedCols': '2' })).toEqual({ a: 0 })
  })

  test('are there for the named columns, a struct standing for all that is in it', () => {
    const named = (names: string): unknown => counted({ 'delta.dataSkippingStatsColumns': names })
    expect(named('s.t.c,a')).toEqual({ a: 0, s: { t: { c: 0 } } })
    expect(named('s')).toEqual({ s: { b: 0, t: { c: 0 } } })
    expect(named('`s`.`b`, l')).toEqual({ s: { b: 0 } })
    expect(named('`s.b`')).toEqual({})
  })
})

describe('bounds of strings', () => {
  test('short ones are whole', () => {
    expect([lowerText('a'.repeat(32)), upperText('a'.repeat(32))]).toEqual(['a'.repeat(32), 'a'.repeat(32)])
  })

  test('long ones are cut, the upper one with a character above what was cut off', () => {
    expect(lowerText('a'.repeat(40))).toBe('a'.repeat(32))
    expect(upperText('a'.repeat(40))).toBe(`${'a'.repeat(32)}\u007f`)
    expect(upperText(`${'a'.repeat(32)}é`)).toBe(`${'a'.repeat(32)}\u{10ffff}`)
    expect(upperText(`${'a'.repeat(32)}\u007f`)).toBe(`${'a'.repeat(32)}\u{10ffff}`)
    expect(upperText(`${'a'.repeat(32)}\u{10ffff}b`)).toBe(`${'a'.repeat(32)}\u{10ffff}\u007f`)
    expect(upperText(`${'a'.repeat(32)}${'\u{10ffff}'.repeat(10)}`)).toBe(`${'a'.repeat(32)}${'\u{10ffff}'.repeat(10)}`)
    expect(upperText(`${'a'.repeat(32)}${'\u{10ffff}'.repeat(40)}`)).toBeUndefined()
  })

  test('surrogate pairs are not split', () => {
    const text = '𝒳'.repeat(40)
    expect(lowerText(text)).toBe('𝒳'.repeat(32))
    expect(upperText(text)).toBe(`${'𝒳'.repeat(32)}\u{10ffff}`)
  })

  test('they bound their text in the order of UTF-8 bytes', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('a', '\u007f', 'é', '\uffff', '\u{10ffff}'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 90,
    })
    fc.assert(
      fc.property(text, (value) => {
        const [lower, upper] = [lowerText(value), upperText(value)]
        expect(lower.isWellFormed()).toBe(true)
        expect(compareUtf8(lower, value)).toBeLessThanOrEqual(0)
        if (upper === undefined) return
        expect(upper.isWellFormed()).toBe(true)
        expect(Array.from(upper).length).toBeLessThanOrEqual(65)
        expect(compareUtf8(upper, value)).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})
