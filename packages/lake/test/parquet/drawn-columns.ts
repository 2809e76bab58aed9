/** Columns of any type, nested or not, with values to fill them: for tests that must hold for every schema. */
import * as fc from 'fast-check'
import type { LeafType, ParquetColumn, ParquetElement, ParquetType } from '../../src/parquet/index.ts'
import type { Row } from './read-back.ts'

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
function leafValuesOf(type: LeafType): fc.Arbitrary<unknown> {
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
const leafType: fc.Arbitrary<LeafType> = fc.oneof(
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

/** Types whose values are told apart as they are written, so that a Map has as many of them as its file. */
const keyType = leafType.filter(
  ({ kind }) => kind !== 'float' && kind !== 'double' && kind !== 'binary' && kind !== 'decimal',
)

/** Any type, nested up to `depth` levels. */
function typeOf(depth: number): fc.Arbitrary<ParquetType> {
  if (depth === 0) return leafType
  const element = fc.record({ type: typeOf(depth - 1), optional: fc.boolean() })
  return fc.oneof(
    { weight: 3, arbitrary: leafType },
    { weight: 2, arbitrary: element.map((inner) => ({ kind: 'list' as const, element: inner })) },
    {
      weight: 2,
      arbitrary: fc.array(element, { minLength: 1, maxLength: 3 }).map((fields) => ({
        kind: 'struct' as const,
        fields: fields.map((field, i) => ({ ...field, name: `f${i}` })),
      })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(keyType, element)
        .map(([key, value]) => ({ kind: 'map' as const, key: { type: key, optional: false }, value })),
    },
  )
}

function valuesOf({ type, optional }: ParquetElement): fc.Arbitrary<unknown> {
  const values = presentValuesOf(type)
  return optional ? fc.option(values, { freq: 3 }) : values
}

function presentValuesOf(type: ParquetType): fc.Arbitrary<unknown> {
  if (type.kind === 'list') return fc.array(valuesOf(type.element), { maxLength: 4 })
  if (type.kind === 'struct') {
    return fc
      .tuple(...type.fields.map((field) => valuesOf(field)))
      .map((values) => Object.fromEntries(type.fields.map((field, i) => [field.name, values[i]])))
  }
  if (type.kind === 'map') {
    return (
      fc
        .array(fc.tuple(valuesOf(type.key), valuesOf(type.value)), { maxLength: 4 })
        // Whole numbers come as number or bigint; equal ones are one key.
        .map(
          (entries) => new Map(new Map(entries.map(([key, value]) => [String(key), [key, value] as const])).values()),
        )
    )
  }
  return leafValuesOf(type)
}

export interface DrawnColumn {
  readonly column: ParquetColumn
  readonly values: readonly unknown[]
}

/** Columns with some values; rows draw from them, so that many rows repeat few values and a few rows many. */
export function columnsOf(depth: number): fc.Arbitrary<DrawnColumn[]> {
  const one = fc.record({ type: typeOf(depth), optional: fc.boolean() }).chain((element) =>
    fc.record({
      element: fc.constant(element),
      values: fc.array(valuesOf(element), { minLength: 1, maxLength: 40 }),
    }),
  )
  return fc
    .array(one, { minLength: 1, maxLength: 6 })
    .map((drawn) => drawn.map(({ element, values }, i) => ({ column: { ...element, name: `c${i}` }, values })))
}

export function rowsOf(columns: readonly DrawnColumn[], count: number): Row[] {
  return Array.from({ length: count }, (_, r) =>
    Object.fromEntries(columns.map(({ column, values }) => [column.name, values[(r * 7 + (r >> 4)) % values.length]])),
  )
}
