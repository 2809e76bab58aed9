/**
 * What independent readers find in our files. Every value is brought into one text form (`canonical`), so that a value given
 * to the writer, DuckDB's and hyparquet's can be compared as they are.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as duckdb from '@duckdb/node-api'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { parquetMetadata, parquetReadObjects, parquetSchema, type Compressors, type FileMetaData } from 'hyparquet'
import {
  ParquetWriter,
  collectChunks,
  readParquet,
  type ParquetColumn,
  type ParquetElement,
  type ParquetFile,
  type ParquetOptions,
  type ParquetType,
} from '../../src/parquet/index.ts'
import { decompressLz4 } from '../../src/parquet/lz4.ts'
import { PARSERS, convertOf, withoutConversions } from './hyparquet-values.ts'

export type Row = Record<string, unknown>
/** A text; null; a list; a struct by its fields; a map as its pairs. */
export type Canonical = string | null | readonly Canonical[]
export type CanonicalRow = Canonical[]

export function write(
  columns: readonly ParquetColumn[],
  rows: Iterable<Row>,
  options: ParquetOptions = {},
): { file: ParquetFile; bytes: Uint8Array } {
  const chunks = collectChunks()
  const writer = new ParquetWriter(columns, options, chunks.sink)
  for (const row of rows) writer.appendRow(row)
  const file = writer.finish()
  return { file, bytes: chunks.bytes() }
}

/** The value as it must come back, from the value that was written. */
export function canonical({ type }: ParquetElement, value: unknown): Canonical {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'struct':
      return type.fields.map((field) => canonical(field, (value as Row)[field.name]))
    case 'list':
      return (value as unknown[]).map((item) => canonical(type.element, item))
    case 'map': {
      const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value)
      return entries.map(([key, item]) => [canonical(type.key, key), canonical(type.value, item)])
    }
    case 'binary':
      return Buffer.from(value as Uint8Array).toString('hex')
    case 'float':
      return numberText(Math.fround(value as number))
    case 'double':
      return numberText(value as number)
    case 'timestamp':
    case 'time':
      return String(BigInt(value as number | bigint) * (type.unit === 'ms' ? 1000n : 1n))
    case 'decimal':
      return String(unscaled(value as string, type.scale))
    case 'boolean':
    case 'string':
      return `${value as string | boolean}`
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'date':
    default:
      return String(BigInt(value as number | bigint))
  }
}

/** By way of text alone, to be independent of the code under test. */
export function unscaled(text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt((whole + fraction.slice(0, scale).padEnd(scale, '0')).replace('+', ''))
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The rows as DuckDB reads them. */
export async function readWithDuckdb(bytes: Uint8Array, columns: readonly ParquetColumn[]): Promise<CanonicalRow[]> {
  const rows = await query(bytes, 'SELECT * FROM file')
  return rows.map((row) => row.map((value, i) => fromDuckdb(columns[i]!, value)))
}

/** Runs `sql` over the file, called `file` in it. */
export async function query(bytes: Uint8Array, sql: string): Promise<duckdb.DuckDBValue[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-parquet-'))
  const path = join(folder, 'file.parquet')
  writeFileSync(path, bytes)
  const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(sql.replaceAll(/\bfile\b/g, `'${path}'`))
    return reader.getRows()
  } finally {
    connection.closeSync()
    instance.closeSync()
    rmSync(folder, { recursive: true })
  }
}

function fromDuckdb({ type }: ParquetElement, value: duckdb.DuckDBValue): Canonical {
  if (value === null) return null
  if (type.kind === 'struct') {
    const { entries } = value as duckdb.DuckDBStructValue
    return type.fields.map((field) => fromDuckdb(field, entries[field.name]!))
  }
  if (type.kind === 'list') return (value as duckdb.DuckDBListValue).items.map((item) => fromDuckdb(type.element, item))
  if (type.kind === 'map') {
    const { entries } = value as duckdb.DuckDBMapValue
    return entries.map((entry) => [fromDuckdb(type.key, entry.key), fromDuckdb(type.value, entry.value)])
  }
  if (value instanceof duckdb.DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex')
  if (value instanceof duckdb.DuckDBDateValue) return String(value.days)
  if (value instanceof duckdb.DuckDBTimeValue) return String(value.micros)
  if (value instanceof duckdb.DuckDBTimestampValue || value instanceof duckdb.DuckDBTimestampTZValue) {
    const wanted = type.kind === 'timestamp' && type.utc ? duckdb.DuckDBTimestampTZValue : duckdb.DuckDBTimestampValue
    if (!(value instanceof wanted)) throw new Error(`DuckDB sees another kind of timestamp: ${value.constructor.name}`)
    return String(value.micros)
  }
  if (value instanceof duckdb.DuckDBDecimalValue) {
    if (type.kind !== 'decimal' || value.width !== type.precision || value.scale !== type.scale) {
      throw new Error(`DuckDB sees decimal(${value.width},${value.scale})`)
    }
    return String(value.value)
  }
  if (typeof value === 'number') return numberText(value)
  return String(value)
}

/** The rows as our own reader reads them. */
export async function readWithOurs(bytes: Uint8Array, columns: readonly ParquetColumn[]): Promise<CanonicalRow[]> {
  const rows: CanonicalRow[] = []
  for await (const row of readParquet(bytes)) rows.push(canonicalRow(row, columns))
  return rows
}

const compressors: Compressors = {
  GZIP: (input) => gunzipSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
  LZ4_RAW: (input, length) => decompressLz4(input, length),
}

/** The rows as hyparquet reads them. */
export async function readWithHyparquet(bytes: Uint8Array, columns: readonly ParquetColumn[]): Promise<CanonicalRow[]> {
  const file = new Uint8Array(bytes).buffer
  const metadata = parquetMetadata(file, { parsers: PARSERS, geoparquet: false })
  const found = await parquetReadObjects({
    file,
    metadata: withoutConversions(metadata),
    compressors,
    parsers: PARSERS,
    utf8: false,
    geoparquet: false,
  })
  const converts = new Map(parquetSchema(metadata).children.map((node) => [node.element.name, convertOf(node)]))
  return found.map((row) =>
    canonicalRow(
      Object.fromEntries(columns.map(({ name }) => [name, converts.get(name)!((row as Row)[name])])),
      columns,
    ),
  )
}

function canonicalRow(row: Row, columns: readonly ParquetColumn[]): CanonicalRow {
  return columns.map(({ name, type, optional }) => canonical({ type: inMicros(type), optional }, row[name]))
}

/** Timestamps come back in microseconds, whatever the unit they were written in. */
function inMicros(type: ParquetType): ParquetType {
  const element = (inner: ParquetElement): ParquetElement => ({ ...inner, type: inMicros(inner.type) })
  if (type.kind === 'timestamp') return { ...type, unit: 'us' }
  if (type.kind === 'list') return { ...type, element: element(type.element) }
  if (type.kind === 'map') return { ...type, key: element(type.key), value: element(type.value) }
  if (type.kind !== 'struct') return type
  return { ...type, fields: type.fields.map((field) => ({ ...field, ...element(field) })) }
}

/** The footer as hyparquet reads it. */
export function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(new Uint8Array(bytes).buffer)
}
