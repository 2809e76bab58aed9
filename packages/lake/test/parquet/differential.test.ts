import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { ParquetColumn, ParquetType } from '../../src/parquet/index.ts'
import { canonical, readWithDuckdb, readWithHyparquet, write, type Row } from './read-back.ts'

/** 0001-01-01 and 9999-12-31 in days since 1970. */
const FIRST_DAY = -719_162
const LAST_DAY = 2_932_896
const MS_PER_DAY = 86_400_000

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const extremes = fc.constantFrom(
  -(2n ** 63n),
  2n ** 63n - 1n,
  2n ** 53n,
  -(2n ** 53n) - 1n,
  0n,
  -1n,
  2n ** 32n,
  -(2n ** 32n),
)
const safe = fc.maxSafeInteger()

function decimal(precision: number, scale: number): fc.Arbitrary<string> {
  const max = 10n ** BigInt(precision) - 1n
  return fc
    .oneof(fc.bigInt({ min: -max, max }), fc.constantFrom(max, -max, 0n), fc.bigInt({ min: -99n, max: 99n }))
    .filter((value) => value >= -max && value <= max)
    .map((value) => {
      const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
      const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
      return value < 0n ? `-${text}` : text
    })
}

/** Code points on both sides of the surrogates, where the orders of UTF-8 and UTF-16 part. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom('a', 'é', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{10ffff}', '\0'),
    maxLength: 40,
  }),
  fc.string({ minLength: 60, maxLength: 300 }),
)

/** The type with the values to draw for it. */
function valuesOf(type: ParquetType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean()
    case 'int8':
      return fc.oneof(fc.integer({ min: -128, max: 127 }), fc.constantFrom(-128, 127))
    case 'int16':
      return fc.oneof(fc.integer({ min: -32_768, max: 32_767 }), fc.constantFrom(-32_768, 32_767))
    case 'int32':
      return fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 5n))
    case 'int64':
      return fc.oneof(int64, extremes, safe)
    case 'float':
      return fc.oneof(fc.float(), fc.constantFrom(NaN, -0, Infinity, -Infinity))
    case 'double':
      return fc.oneof(fc.double(), fc.constantFrom(NaN, -0, Infinity, -Infinity))
    case 'string':
      return text
    case 'binary':
      return fc.uint8Array({ maxLength: 100 })
    case 'date':
      return fc.oneof(fc.integer({ min: FIRST_DAY, max: LAST_DAY }), fc.constantFrom(FIRST_DAY, LAST_DAY))
    case 'time':
      return type.unit === 'ms'
        ? fc.integer({ min: 0, max: MS_PER_DAY - 1 })
        : fc.integer({ min: 0, max: MS_PER_DAY * 1000 - 1 })
    case 'timestamp':
      return type.unit === 'ms'
        ? fc.oneof(
            fc.integer({ min: FIRST_DAY * MS_PER_DAY, max: (LAST_DAY + 1) * MS_PER_DAY - 1 }),
            fc.constantFrom(FIRST_DAY * MS_PER_DAY, (LAST_DAY + 1) * MS_PER_DAY - 1, -1, -1n, 0),
          )
        : fc.oneof(
            safe.filter((micros) => micros / 1000 > FIRST_DAY * MS_PER_DAY),
            fc.constantFrom(BigInt(LAST_DAY + 1) * 86_400_000_000n - 1n, BigInt(FIRST_DAY) * 86_400_000_000n, -1, -1n),
          )
    case 'decimal':
    default:
      return decimal(type.precision, type.scale)
  }
}

const unit = fc.constantFrom('ms' as const, 'us' as const)
const type: fc.Arbitrary<ParquetType> = fc.oneof(
  fc.constantFrom(
    ...(['boolean', 'int8', 'int16', 'int32', 'int64', 'float', 'double', 'string', 'binary', 'date'] as const).map(
      (kind) => ({
        kind,
      }),
    ),
  ),
  unit.map((chosen) => ({ kind: 'time' as const, unit: chosen })),
  fc.record({ kind: fc.constant('timestamp' as const), unit, utc: fc.boolean() }),
  fc
    .tuple(fc.oneof(fc.integer({ min: 1, max: 38 }), fc.constantFrom(9, 10, 18, 19, 38)), fc.nat(38))
    .map(([precision, scale]) => ({ kind: 'decimal' as const, precision, scale: Math.min(scale, precision) })),
)

/** A column with some values; rows draw from them, so that many rows repeat few values and a few rows many. */
const column = fc.tuple(type, fc.boolean()).chain(([chosen, optional]) => {
  const values = valuesOf(chosen)
  return fc.record({
    type: fc.constant(chosen),
    optional: fc.constant(optional),
    values: fc.array(optional ? fc.option(values, { freq: 3 }) : values, { minLength: 1, maxLength: 40 }),
  })
})

describe('a file', () => {
  test('of any schema and rows is read by DuckDB and by hyparquet as it was written', async () => {
    const codec = fc.constantFrom('none' as const, 'snappy' as const, 'gzip' as const, 'zstd' as const)
    await fc.assert(
      fc.asyncProperty(
        fc.array(column, { minLength: 1, maxLength: 6 }),
        fc.oneof(fc.nat(40), fc.nat(900)),
        codec,
        fc.constantFrom(7, 100, 20_000),
        fc.constantFrom(50, 300, 1_000_000),
        async (drawn, rowCount, chosenCodec, pageRowsMax, rowGroupRowsMax) => {
          const columns: ParquetColumn[] = drawn.map(({ type: of, optional }, i) => ({
            name: `c${i}`,
            type: of,
            optional,
          }))
          const rows: Row[] = Array.from({ length: rowCount }, (_, r) =>
            Object.fromEntries(drawn.map(({ values }, i) => [`c${i}`, values[(r * 7 + (r >> 4)) % values.length]])),
          )
          const { bytes } = write(columns, rows, {
            codec: chosenCodec,
            pageRowsMax,
            pageBytesMax: 4096,
            rowGroupRowsMax,
          })
          const wanted = rows.map((row) => columns.map((of) => canonical(of, row[of.name])))
          expect(await readWithHyparquet(bytes, columns)).toEqual(wanted)
          expect(await readWithDuckdb(bytes, columns)).toEqual(wanted)
        },
      ),
      { numRuns: 80 },
    )
  }, 60_000)
})
