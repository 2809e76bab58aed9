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
  const minValues = new JsonTree()
  const maxValues = new JsonTree()
  const nullCount = new JsonTree()
  for (const column of indexedColumns(file.columns, configuration)) {
    nullCount.set(column.path, column.nullCount)
    const { min, max } = boundsOf(column)
    if (min !== undefined) minValues.set(column.path, min)
    if (max !== undefined) maxValues.set(column.path, max)
  }
  return stringifyExact({
    numRecords: file.rows,
    minValues: minValues.json(),
    maxValues: maxValues.json(),
    nullCount: nullCount.json(),
  })
}

/** Values below the names of the structs that hold them. */
class JsonTree {
  readonly #entries = new Map<string, Json | JsonTree>()

  set(path: readonly string[], value: Json): void {
    const [name = '', ...rest] = path
    if (rest.length === 0) {
      this.#entries.set(name, value)
      return
    }
    let below = this.#entries.get(name)
    if (!(below instanceof JsonTree)) this.#entries.set(name, (below = new JsonTree()))
    below.set(rest, value)
  }
  json(): Json {
    return Object.fromEntries(
      [...this.#entries].map(([name, value]) => [name, value instanceof JsonTree ? value.json() : value]),
    )
  }
}

/** Those that get statistics: none below a list or map, which count as one column each nevertheless. */
function indexedColumns(
  columns: readonly ColumnStatistics[],
  configuration: Readonly<Record<string, string>>,
): readonly ColumnStatistics[] {
  const plain = columns.filter(({ repeatedFrom }) => repeatedFrom === 0)
  const names = configuration['delta.dataSkippingStatsColumns']
  if (names !== undefined) {
    const listed = new Set(columnNames(names).map((path) => JSON.stringify(path)))
    // A struct's name stands for all that is in it.
    return plain.filter(({ path }) => path.some((_, i) => listed.has(JSON.stringify(path.slice(0, i + 1)))))
  }
  const count = Number(configuration['delta.dataSkippingNumIndexedCols'] ?? COLUMNS_DEFAULT)
  if (count < 0) return plain
  const counted = new Set<string>()
  const first = columns.filter(({ path, repeatedFrom }) => {
    const key = JSON.stringify(repeatedFrom === 0 ? path : path.slice(0, repeatedFrom))
    if (counted.size < count) counted.add(key)
    return counted.has(key)
  })
  return first.filter(({ repeatedFrom }) => repeatedFrom === 0)
}

/** `a, b.c, \`d.e\`` is three paths; between backquotes a point or comma is part of a name. */
function columnNames(text: string): string[][] {
  const paths: string[][] = []
  for (const column of text.match(/(?:`[^`]*`|[^,`])+/g) ?? []) {
    const names = column.trim().match(/`[^`]*`|[^.`]+/g) ?? []
    paths.push(names.map((name) => name.replaceAll('`', '')))
  }
  return paths
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
