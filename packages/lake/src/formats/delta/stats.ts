/**
 * The statistics of a data file, as the `add` action carries them in a JSON text: how many rows, and per column bounds and the
 * number of nulls (PROTOCOL.md, "Per-file Statistics"). A bound that cannot be said exactly enough is left out: a missing
 * bound costs a reader time, a wrong one costs it rows.
 */
import type { ColumnStatistics, ParquetBound, ParquetFile } from '../../parquet/index.ts'
import { exactNumber, stringifyExact } from './exact-json.ts'
import type { Json } from './exact-json.ts'

/** Strings are cut to this many characters … */
const PREFIX = 32
/** … and an upper bound may grow to this many where it must. */
const PREFIX_MAX = 64
/** Columns that get bounds when the table does not say (`delta.dataSkippingNumIndexedCols`). */
const COLUMNS_DEFAULT = 32

/** @param configuration the table's properties; they may name the columns or their number */
export function statsOf(file: ParquetFile, configuration: Readonly<Record<string, string>> = {}): string {
  const minValues: [string, Json][] = []
  const maxValues: [string, Json][] = []
  const nullCount: [string, Json][] = []
  for (const column of file.columns.filter(indexedColumns(configuration))) {
    nullCount.push([column.name, column.nullCount])
    const { min, max } = boundsOf(column)
    if (min !== undefined) minValues.push([column.name, min])
    if (max !== undefined) maxValues.push([column.name, max])
  }
  return stringifyExact({
    numRecords: file.rows,
    minValues: Object.fromEntries(minValues),
    maxValues: Object.fromEntries(maxValues),
    nullCount: Object.fromEntries(nullCount),
  })
}

function indexedColumns(
  configuration: Readonly<Record<string, string>>,
): (column: ColumnStatistics, index: number) => boolean {
  const names = configuration['delta.dataSkippingStatsColumns']
  if (names !== undefined) {
    const listed = new Set(names.split(',').map((name) => name.trim().replaceAll('`', '')))
    return (column) => listed.has(column.name)
  }
  const count = Number(configuration['delta.dataSkippingNumIndexedCols'] ?? COLUMNS_DEFAULT)
  return (_, index) => count < 0 || index < count
}

interface Bounds {
  readonly min: Json | undefined
  readonly max: Json | undefined
}

const NONE: Bounds = { min: undefined, max: undefined }

function boundsOf({ type, min, max }: ColumnStatistics): Bounds {
  if (min === undefined || max === undefined) return NONE
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return { min: whole(min), max: whole(max) }
    case 'float':
    case 'double':
      // JSON has no infinity; as in other writers, one infinite bound takes the other with it.
      return Number.isFinite(min) && Number.isFinite(max) ? { min: Number(min), max: Number(max) } : NONE
    case 'decimal':
      return { min: exactNumber(String(min)), max: exactNumber(String(max)) }
    case 'string':
      return { min: lowerText(String(min)), max: upperText(String(max)) }
    case 'date':
      return { min: dayText(Number(min)), max: dayText(Number(max)) }
    case 'timestamp':
      return { min: instantText(min, type.utc), max: instantText(max, type.utc) }
    case 'boolean':
    case 'binary':
    case 'time':
      break
  }
  // Readers skip no files by the others; other writers leave them out as well.
  return NONE
}

function whole(value: ParquetBound): Json {
  return typeof value === 'bigint' ? value : Number(value)
}

/** A prefix is never greater than its text. Cut between code points, so no surrogate pair is split. */
export function lowerText(text: string): string {
  return text.length <= PREFIX ? text : codePoints(text, PREFIX).join('')
}

/**
 * A text not smaller than the given one: itself, or a prefix with a character that sorts behind what was cut off, in the order
 * of UTF-8 bytes. Undefined when 64 characters do not suffice.
 */
export function upperText(text: string): string | undefined {
  if (text.length <= PREFIX) return text
  const points = codePoints(text, PREFIX_MAX + 1)
  if (points.length <= PREFIX) return text
  for (let length = PREFIX; length <= PREFIX_MAX && length < points.length; length++) {
    const cut = points[length]!.codePointAt(0)!
    const tie = cut < 0x7f ? '\u007f' : cut < 0x10ffff ? '\u{10ffff}' : undefined
    if (tie !== undefined) return points.slice(0, length).join('') + tie
  }
  return points.length <= PREFIX_MAX ? text : undefined
}

function codePoints(text: string, count: number): string[] {
  const points: string[] = []
  for (const point of text) {
    points.push(point)
    if (points.length === count) break
  }
  return points
}

const DAY_MS = 86_400_000

/** `2026-11-21`; undefined outside of the years 0000 to 9999, which the format cannot say. */
function dayText(days: number): string | undefined {
  return isoText(days * DAY_MS)?.slice(0, 10)
}

/**
 * Cut down to the millisecond (`2026-11-21T10:00:00.123Z`): readers widen the upper bound by one. Without a zone for
 * timestamps that have none.
 */
function instantText(micros: ParquetBound, utc: boolean): string | undefined {
  const ms = typeof micros === 'bigint' ? Number(floorDiv(micros, 1000n)) : Math.floor(Number(micros) / 1000)
  const text = isoText(ms)
  return utc ? text : text?.slice(0, -1)
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}

function isoText(ms: number): string | undefined {
  const text = Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : ''
  return text.length === 24 ? text : undefined
}
