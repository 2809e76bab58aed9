/** What a column's stored values are, and the values of ours that they become; see `LeafType` for these. */
import { formatUnscaled, readBigEndian } from '../decimal.ts'
import { PHYSICAL } from '../schema.ts'
import type { SchemaElement } from './file-metadata.ts'
import { numberOf, structOf } from './thrift-reader.ts'

/** parquet.thrift's Types that only others write, and its deprecated INT96. */
export const INT96 = 3

export interface StoredType {
  readonly physical: number
  /** Of FIXED_LEN_BYTE_ARRAY. */
  readonly typeLength: number
  /** Of integers; absent: they are what they are. */
  readonly ofInteger: ((value: number | bigint) => unknown) | undefined
  /** Of bytes. */
  readonly ofBytes: (bytes: Uint8Array) => unknown
}

/** Of ConvertedType and of LogicalType, by what both mean. */
const CONVERTED_TEXT = new Set([0, 4, 19]) // UTF8, ENUM, JSON
const LOGICAL_TEXT = [1, 4, 12] // STRING, ENUM, JSON

export function storedTypeOf(element: SchemaElement): StoredType {
  const { physical = PHYSICAL.BYTE_ARRAY, typeLength, converted, logical, scale } = element
  const isDecimal = converted === 5 || logical?.has(5) === true
  const digits = (logical && structOf(logical, 5) && numberOf(structOf(logical, 5)!, 1)) ?? scale
  const isText =
    (converted !== undefined && CONVERTED_TEXT.has(converted)) || LOGICAL_TEXT.some((id) => logical?.has(id) === true)
  return {
    physical,
    typeLength,
    ofInteger: isDecimal ? (value) => formatUnscaled(value, digits) : integerOf(element),
    ofBytes: isDecimal ? (bytes) => formatUnscaled(readBigEndian(bytes), digits) : isText ? textOf : copyOf,
  }
}

function integerOf({ physical, converted, logical }: SchemaElement): StoredType['ofInteger'] {
  const timestamp = logical && structOf(logical, 8)
  const unit = timestamp && structOf(timestamp, 2)
  if (converted === 9 || unit?.has(1) === true) return (millis) => whole(BigInt(millis) * 1000n)
  if (unit?.has(3) === true) return (nanos) => whole(floorDiv(BigInt(nanos), 1000n))
  const integer = logical && structOf(logical, 10)
  const isUnsigned =
    (converted !== undefined && converted >= 11 && converted <= 14) ||
    (integer !== undefined && integer.get(2) === false)
  if (!isUnsigned) return undefined
  return physical === PHYSICAL.INT64
    ? (value) => whole(BigInt.asUintN(64, BigInt(value)))
    : (value) => Number(value) >>> 0
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}

/** Or one short value would keep its whole page. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** A number where it is exact. */
export function whole(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

export function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
