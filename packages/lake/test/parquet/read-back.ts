/**
 * What independent readers find in our files. Every value is brought into one text form (`canonical`), so that a value given
 * to the writer, DuckDB's and hyparquet's can be compared as they are.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import * as duckdb from '@duckdb/node-api'
import { parquetMetadata, parquetReadObjects, type FileMetaData } from 'hyparquet'
import {
  ParquetWriter,
  collectChunks,
  type ParquetColumn,
  type ParquetFile,
  type ParquetOptions,
} from '../../src/parquet/index.ts'

export type Row = Record<string, unknown>
/** One text per column; null stays null. */
export type CanonicalRow = (string | null)[]

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
export function canonical({ type }: ParquetColumn, value: unknown): string | null {
  if (value === null || value === undefined) return null
  switch (type.kind) {
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

function fromDuckdb({ type }: ParquetColumn, value: duckdb.DuckDBValue): string | null {
  if (value === null) return null
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

const compressors = {
  GZIP: (input: Uint8Array): Uint8Array => gunzipSync(input),
  ZSTD: (input: Uint8Array): Uint8Array => zstdDecompressSync(input),
}

/** The rows as hyparquet reads them; decimals as it finds them stored, since it would turn them into floats. */
export async function readWithHyparquet(bytes: Uint8Array, columns: readonly ParquetColumn[]): Promise<CanonicalRow[]> {
  const metadata = metadataOf(bytes)
  for (const element of metadata.schema) {
    if (element.converted_type !== 'DECIMAL') continue
    delete element.converted_type
    delete element.logical_type
  }
  const buffer = new Uint8Array(bytes).buffer
  const rows = await parquetReadObjects({
    file: buffer,
    metadata,
    compressors,
    utf8: false,
    parsers: {
      timestampFromMicroseconds: (micros) => micros,
      dateFromDays: (days) => days,
    },
  })
  return rows.map((row) => columns.map((column) => fromHyparquet(column, (row as Row)[column.name])))
}

function fromHyparquet({ type }: ParquetColumn, value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (type.kind === 'time') return String(BigInt(value as number | bigint) * (type.unit === 'ms' ? 1000n : 1n))
  if (value instanceof Uint8Array || ArrayBuffer.isView(value)) {
    const hex = Buffer.from(value as Uint8Array).toString('hex')
    return type.kind === 'decimal' ? String(BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`))) : hex
  }
  if (typeof value === 'number')
    return type.kind === 'float' || type.kind === 'double' ? numberText(value) : String(value)
  return `${value as string | bigint | boolean}`
}

/** The footer as hyparquet reads it. */
export function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(new Uint8Array(bytes).buffer)
}
