/**
 * Bounds as they stand in a file's footer and as a caller sees them. The rules are parquet.thrift's (Statistics and
 * ColumnOrder): a NaN has no place in the order, so a chunk with one has no bounds; a smallest 0 is written as -0 and a
 * largest as +0; texts and bytes compare byte by byte, decimals by value; a bound may be cut short as long as it bounds.
 */
import type { Bounds, RawBound } from './bounds.ts'
import { formatUnscaled, readBigEndian } from './decimal.ts'
import type { ParquetBound } from './parquet-file.ts'
import { physicalOf, type LeafType } from './schema.ts'

/** Bounds in the footer are cut to this many bytes: every reader of the file loads all of them. */
export const BOUND_BYTES_MAX = 64

export interface FooterBound {
  readonly bytes: Uint8Array
  /** Whether it is a value of the chunk, and not merely a bound. */
  readonly exact: boolean
}

/** The bound as the footer holds it; `undefined` where none of bearable length exists. */
export function footerBound(type: LeafType, raw: RawBound, side: 'min' | 'max'): FooterBound | undefined {
  if (typeof raw !== 'object') return { bytes: plain(type, raw, side), exact: true }
  if (raw.length <= BOUND_BYTES_MAX || type.kind === 'decimal') return { bytes: raw, exact: true }
  const cut = type.kind === 'string' ? textBoundary(raw, BOUND_BYTES_MAX) : BOUND_BYTES_MAX
  const bytes =
    side === 'min' ? raw.subarray(0, cut) : type.kind === 'string' ? textAbove(raw, cut) : bytesAbove(raw, cut)
  return bytes === undefined ? undefined : { bytes, exact: false }
}

function plain(type: LeafType, raw: number | bigint, side: 'min' | 'max'): Uint8Array {
  const physical = physicalOf(type)
  const bytes = new Uint8Array(physical === 'BOOLEAN' ? 1 : physical === 'INT32' || physical === 'FLOAT' ? 4 : 8)
  const view = new DataView(bytes.buffer)
  const zero = side === 'min' ? -0 : 0
  if (physical === 'BOOLEAN') bytes[0] = Number(raw)
  else if (physical === 'INT32') view.setInt32(0, Number(raw), true)
  else if (physical === 'INT64') view.setBigInt64(0, BigInt(raw), true)
  else if (physical === 'FLOAT') view.setFloat32(0, Number(raw) || zero, true)
  else view.setFloat64(0, Number(raw) || zero, true)
  return bytes
}

/** The last place up to `at` where a character begins. */
function textBoundary(bytes: Uint8Array, at: number): number {
  let boundary = at
  while (boundary > 0 && (bytes[boundary]! & 0xc0) === 0x80) boundary--
  return boundary
}

/** The first `end` bytes with their last character replaced by the next one there is; UTF-8 orders as code points do. */
function textAbove(bytes: Uint8Array, end: number): Uint8Array | undefined {
  const points = Array.from(Buffer.from(bytes.buffer, bytes.byteOffset, end).toString(), (char) => char.codePointAt(0)!)
  for (let point = points.pop(); point !== undefined; point = points.pop()) {
    if (point === 0x10ffff) continue
    points.push(point === 0xd7ff ? 0xe000 : point + 1) // surrogates are no characters
    return Buffer.from(String.fromCodePoint(...points))
  }
  return undefined
}

function bytesAbove(bytes: Uint8Array, end: number): Uint8Array | undefined {
  let last = end - 1
  while (last >= 0 && bytes[last] === 0xff) last--
  if (last < 0) return undefined
  const above = new Uint8Array(bytes.subarray(0, last + 1))
  above[last]! += 1
  return above
}

/** Bounds as a caller sees them. */
export function presentBounds(
  type: LeafType,
  { min, max }: Bounds,
): { readonly min?: ParquetBound; readonly max?: ParquetBound } {
  if (min === undefined || max === undefined) return {}
  return { min: presentBound(type, min), max: presentBound(type, max) }
}

function presentBound(type: LeafType, raw: RawBound): ParquetBound {
  if (type.kind === 'boolean') return raw === 1
  if (type.kind === 'decimal') return formatUnscaled(typeof raw === 'object' ? readBigEndian(raw) : raw, type.scale)
  if (typeof raw === 'object') {
    return type.kind === 'string' ? Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString() : raw
  }
  if (typeof raw === 'number') return raw + 0 // -0 becomes 0
  const number = Number(raw)
  return Number.isSafeInteger(number) ? number : raw
}
