/**
 * The columns of a Parquet file as the caller declares them, checked once, and what each becomes on disk: its physical
 * type, its logical annotation and the older "converted type" that readers without logical types understand
 * (parquet-format's LogicalTypes.md).
 */

/** Unit of the numbers handed in: thousandths or millionths of a second. */
export type TimeUnit = 'ms' | 'us'

/**
 * What a column holds, and the JavaScript value that `appendRow` takes for it:
 *
 * | kind | value | stored as |
 * |---|---|---|
 * | boolean | `boolean` | BOOLEAN |
 * | int8, int16, int32 | whole `number` (or `bigint`) in range | INT32 |
 * | int64 | safe whole `number`, or `bigint` | INT64 |
 * | float | `number`; rounded to the nearest 32-bit float, refused where that overflows | FLOAT |
 * | double | `number` | DOUBLE |
 * | string | well-formed `string` | BYTE_ARRAY, STRING |
 * | binary | `Uint8Array` | BYTE_ARRAY |
 * | date | days since 1970-01-01 | INT32, DATE |
 * | time | since midnight, in `unit` | INT32 TIME(MILLIS) or INT64 TIME(MICROS) |
 * | timestamp | since 1970-01-01T00:00Z (`utc`) or since that wall-clock time (not `utc`), in `unit` | INT64 TIMESTAMP(MICROS) |
 * | decimal | text such as `-12.50`, exact | INT32, INT64 or FIXED_LEN_BYTE_ARRAY, by precision |
 *
 * and of nested columns, to any depth:
 *
 * | kind | value | stored as |
 * |---|---|---|
 * | struct | object with a property per field; a missing one is null | group |
 * | list | array | three-level LIST |
 * | map | `Map`, or an object whose property names are the keys (then the keys are strings) | MAP |
 */
export type LeafType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'int8' }
  | { readonly kind: 'int16' }
  | { readonly kind: 'int32' }
  | { readonly kind: 'int64' }
  | { readonly kind: 'float' }
  | { readonly kind: 'double' }
  | { readonly kind: 'string' }
  | { readonly kind: 'binary' }
  | { readonly kind: 'date' }
  | { readonly kind: 'time'; readonly unit: TimeUnit }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly utc: boolean }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }

export type NestedType =
  | { readonly kind: 'struct'; readonly fields: readonly ParquetColumn[] }
  | { readonly kind: 'list'; readonly element: ParquetElement }
  | { readonly kind: 'map'; readonly key: ParquetElement; readonly value: ParquetElement }

export type ParquetType = LeafType | NestedType

/** What stands in a list or a map, where it has no name of its own. Keys are never optional. */
export interface ParquetElement {
  readonly type: ParquetType
  /** Whether null (or a missing property) is a value of this column. */
  readonly optional: boolean
  /** Identity of the column across renames; Delta's column mapping and Iceberg use it. */
  readonly fieldId?: number
}

export interface ParquetColumn extends ParquetElement {
  readonly name: string
}

export function isNested(type: ParquetType): type is NestedType {
  return type.kind === 'struct' || type.kind === 'list' || type.kind === 'map'
}

/** Types whose values are whole numbers. */
export type WholeType = Exclude<LeafType, { kind: 'boolean' | 'float' | 'double' | 'string' | 'binary' | 'decimal' }>

/** Smallest and largest whole number that a column takes, in the unit that it takes. */
export function wholeRange(type: WholeType): readonly [bigint, bigint] {
  switch (type.kind) {
    case 'int8':
      return [-(2n ** 7n), 2n ** 7n - 1n]
    case 'int16':
      return [-(2n ** 15n), 2n ** 15n - 1n]
    case 'int32':
    case 'date':
      return [-(2n ** 31n), 2n ** 31n - 1n]
    case 'int64':
      return [-(2n ** 63n), 2n ** 63n - 1n]
    case 'time':
      return [0n, type.unit === 'ms' ? 86_399_999n : 86_399_999_999n]
    case 'timestamp':
    default:
      // Stored in microseconds, whatever the unit given.
      return type.unit === 'ms' ? [-9_223_372_036_854_775n, 9_223_372_036_854_775n] : [-(2n ** 63n), 2n ** 63n - 1n]
  }
}

/** The type as a person writes it, for messages. */
export function typeText(type: ParquetType): string {
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`
  if (type.kind === 'time') return `time(${type.unit})`
  if (type.kind === 'timestamp') return `timestamp(${type.unit}${type.utc ? ', UTC' : ''})`
  return type.kind
}

/** parquet.thrift's Type. */
export const PHYSICAL = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
} as const
export type Physical = keyof typeof PHYSICAL

/** How the values of a column lie in the file. */
export function physicalOf(type: LeafType): Physical {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN'
    case 'int8':
    case 'int16':
    case 'int32':
    case 'date':
      return 'INT32'
    case 'int64':
    case 'timestamp':
      return 'INT64'
    case 'time':
      return type.unit === 'ms' ? 'INT32' : 'INT64'
    case 'float':
      return 'FLOAT'
    case 'double':
      return 'DOUBLE'
    case 'string':
    case 'binary':
      return 'BYTE_ARRAY'
    case 'decimal':
    default:
      return type.precision <= 9 ? 'INT32' : type.precision <= 18 ? 'INT64' : 'FIXED_LEN_BYTE_ARRAY'
  }
}
