/**
 * A million orders to a Parquet file in memory, beside DuckDB and parquetjs-lite: from row objects, flat and nested, and from
 * columns; and back; and with threads that encode. Making the rows is left out: they are made in pieces, and only the writing is timed, in CPU seconds of the
 * whole process, after a warm-up.
 */
import { createRequire } from 'node:module'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as duckdb from '@duckdb/node-api'
import {
  ParquetWriter,
  collectChunks,
  readParquet,
  type ParquetColumn,
  type ParquetOptions,
  type ParquetType,
} from '@sluice/lake'
import type { BenchCase } from './bench-case.ts'
import { MILLION, TENTH, orders, type Order, type OrderSet } from './orders.ts'
import { threadCases } from './parquet-threads.ts'

const ROWS_PER_PIECE = 50_000
const PARQUETJS_ROWS = 50_000
const BAR = 3
const BAR_COLUMNS = 1.8
const BAR_MEGABYTES = 45

const string: ParquetType = { kind: 'string' }
const required = (name: keyof Order, type: ParquetType): ParquetColumn => ({ name, type, optional: false })
const optional = (name: keyof Order, type: ParquetType): ParquetColumn => ({ name, type, optional: true })
const COLUMNS: readonly ParquetColumn[] = [
  required('id', { kind: 'int64' }),
  required('seq', { kind: 'int64' }),
  required('customer', string),
  required('status', string),
  required('currency', string),
  required('amount', { kind: 'decimal', precision: 12, scale: 2 }),
  required('created_at', { kind: 'timestamp', unit: 'us', utc: true }),
  required('gift', { kind: 'boolean' }),
  optional('note', string),
  required('address.city', string),
  optional('address.zip', string),
  required('address.lat', { kind: 'double' }),
  required('address.lon', { kind: 'double' }),
]

/** The same with the address as the struct that it is. */
const NESTED: readonly ParquetColumn[] = [
  ...COLUMNS.slice(0, -4),
  {
    name: 'address',
    optional: false,
    type: {
      kind: 'struct',
      fields: COLUMNS.slice(-4).map((column) => ({ ...column, name: column.name.replace('address.', '') })),
    },
  },
]

type Shape = 'rows' | 'nested rows' | 'columns'

/** `short`: a tenth of the rows, for a look at whether everything runs. */
export async function bench(short = false): Promise<BenchCase[]> {
  const set = short ? TENTH : MILLION
  const { rows } = set
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    writeOurs(ROWS_PER_PIECE)
    const ours = writeOurs(rows)
    const file = join(folder, 'orders.parquet')
    await writeFile(file, ours.bytes)
    await verify(file, set)
    const bars = short ? {} : { bar: BAR }
    const zstd = writeOurs(rows, { codec: 'zstd' })
    const columns = writeOurs(rows, { codec: 'zstd' }, 'columns')
    const nested = writeOurs(rows, { codec: 'zstd' }, 'nested rows')
    const second = writeOurs(rows, { codec: 'zstd', pageVersion: 2 }, 'columns')
    const back = await readOurs(zstd.bytes)
    const duck = await writeDuckdb(join(folder, 'duckdb.parquet'), rows)
    const parquetjs = await writeParquetjs(join(folder, 'parquetjs.parquet'), rows)
    return [
      {
        name: `Parquet, ${rows} row objects, snappy (${megabytes(ours.bytes)})`,
        unit: 'CPU-s',
        ours: ours.cpuSeconds,
        peer: [
          { name: 'DuckDB (data chunks from Node, 1 thread)', value: duck },
          { name: `parquetjs-lite (${PARQUETJS_ROWS} rows, scaled to ${rows})`, value: parquetjs },
        ],
        ...bars,
      },
      {
        name: `Parquet, ${rows} row objects, zstd (${megabytes(zstd.bytes)})`,
        unit: 'CPU-s',
        ours: zstd.cpuSeconds,
        peer: [],
      },
      {
        name: `Parquet, ${rows} rows from columns, zstd`,
        unit: 'CPU-s',
        ours: columns.cpuSeconds,
        peer: [],
        ...(short ? {} : { bar: BAR_COLUMNS }),
      },
      {
        name: `Parquet, ${rows} rows, zstd: the file`,
        unit: 'MB',
        ours: columns.bytes.length / 1e6,
        peer: [],
        ...(short ? {} : { bar: BAR_MEGABYTES }),
      },
      {
        name: `Parquet, ${rows} rows from columns, zstd, pages v2 (${megabytes(second.bytes)})`,
        unit: 'CPU-s',
        ours: second.cpuSeconds,
        peer: [],
      },
      {
        name: `Parquet, ${rows} row objects with a struct, zstd (${megabytes(nested.bytes)})`,
        unit: 'CPU-s',
        ours: nested.cpuSeconds,
        peer: [],
      },
      { name: `Parquet, ${rows} rows back, zstd`, unit: 'CPU-s', ours: back, peer: [] },
      ...(await threadCases(COLUMNS, rows)),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Sums the CPU seconds of what it is given to run. */
class Stopwatch {
  cpuSeconds = 0
  run<T>(work: () => T): T {
    const before = process.cpuUsage()
    const result = work()
    this.add(before)
    return result
  }
  async runAsync<T>(work: () => Promise<T>): Promise<T> {
    const before = process.cpuUsage()
    const result = await work()
    this.add(before)
    return result
  }
  private add(before: NodeJS.CpuUsage): void {
    const { user, system } = process.cpuUsage(before)
    this.cpuSeconds += (user + system) / 1e6
  }
}

/** Hands out the orders in pieces; what making them left behind is collected before anybody is timed. */
function* pieces(count: number): Generator<Order[]> {
  for (let from = 1; from <= count; from += ROWS_PER_PIECE) {
    const piece = orders(from, Math.min(ROWS_PER_PIECE, count - from + 1))
    globalThis.gc?.()
    yield piece
  }
}

function writeOurs(
  count: number,
  options: ParquetOptions = { codec: 'snappy' },
  shape: Shape = 'rows',
): { cpuSeconds: number; bytes: Uint8Array } {
  const watch = new Stopwatch()
  const file = collectChunks()
  const writer = new ParquetWriter(shape === 'nested rows' ? NESTED : COLUMNS, options, file.sink)
  for (const piece of pieces(count)) {
    if (shape === 'columns') {
      const values = COLUMNS.map(({ name }) => piece.map((row) => row[name as keyof Order]))
      watch.run(() => writer.appendColumns(values, piece.length))
      continue
    }
    const rows: readonly object[] = shape === 'rows' ? piece : piece.map((order) => nestedOrder(order))
    watch.run(() => {
      for (const row of rows) writer.appendRow(row as Record<string, unknown>)
    })
  }
  watch.run(() => writer.finish())
  return { cpuSeconds: watch.cpuSeconds, bytes: file.bytes() }
}

function nestedOrder(order: Order): object {
  const { 'address.city': city, 'address.zip': zip, 'address.lat': lat, 'address.lon': lon, ...rest } = order
  return { ...rest, address: { city, zip, lat, lon } }
}

async function readOurs(bytes: Uint8Array): Promise<number> {
  const watch = new Stopwatch()
  await watch.runAsync(async () => {
    for await (const row of readParquet(bytes)) if (row['id'] === undefined) throw new Error('a row without an id')
  })
  return watch.cpuSeconds
}

/** Throws unless DuckDB reads back what went in. */
async function verify(file: string, { rows, amount, notes }: OrderSet): Promise<void> {
  const instance = await duckdb.DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::VARCHAR, sum(amount)::VARCHAR, count(note)::VARCHAR, count(DISTINCT id)::VARCHAR FROM '${file}'`,
  )
  const found = JSON.stringify(reader.getRows()[0])
  const wanted = JSON.stringify([String(rows), amount, String(notes), String(rows)])
  connection.closeSync()
  instance.closeSync()
  if (found !== wanted) throw new Error(`DuckDB reads ${found} from our file, not ${wanted}`)
}

/** DuckDB with the cheapest way in that Node has: its own vectors, filled from the rows, then COPY. */
async function writeDuckdb(file: string, count: number): Promise<number> {
  const watch = new Stopwatch()
  const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run(`CREATE TABLE orders (id BIGINT, seq BIGINT, customer VARCHAR, status VARCHAR, currency VARCHAR,
    amount DECIMAL(12,2), created_at TIMESTAMPTZ, gift BOOLEAN, note VARCHAR, "address.city" VARCHAR, "address.zip" VARCHAR,
    "address.lat" DOUBLE, "address.lon" DOUBLE)`)
  const appender = await connection.createAppender('orders')
  const { BIGINT, VARCHAR, DOUBLE, BOOLEAN, TIMESTAMPTZ, DECIMAL, DuckDBDecimalValue } = duckdb
  const types = [
    BIGINT,
    BIGINT,
    VARCHAR,
    VARCHAR,
    VARCHAR,
    DECIMAL(12, 2),
    TIMESTAMPTZ,
    BOOLEAN,
    VARCHAR,
    VARCHAR,
    VARCHAR,
    DOUBLE,
    DOUBLE,
  ]
  const convert: ((value: unknown) => duckdb.DuckDBValue)[] = COLUMNS.map(({ name, type }) => {
    if (name === 'id') return (value) => BigInt(value as number)
    if (name === 'created_at') return (value) => new duckdb.DuckDBTimestampTZValue(BigInt(value as number))
    if (type.kind === 'decimal')
      return (value) => new DuckDBDecimalValue(BigInt((value as string).replace('.', '')), 12, 2)
    return (value) => value as duckdb.DuckDBValue
  })
  const chunk = duckdb.DuckDBDataChunk.create(types, 2048)
  for (const piece of pieces(count)) {
    watch.run(() => {
      for (let from = 0; from < piece.length; from += 2048) {
        const rows = piece.slice(from, from + 2048)
        chunk.reset()
        chunk.rowCount = rows.length
        for (const [c, { name }] of COLUMNS.entries()) {
          const vector = chunk.getColumnVector(c)
          for (let r = 0; r < rows.length; r++) vector.setItem(r, convert[c]!(rows[r]![name as keyof Order]))
          vector.flush()
        }
        appender.appendDataChunk(chunk)
      }
    })
  }
  await watch.runAsync(async () => {
    appender.closeSync()
    await connection.run(`COPY orders TO '${file}' (FORMAT parquet, COMPRESSION snappy)`)
  })
  connection.closeSync()
  instance.closeSync()
  return watch.cpuSeconds
}

interface ParquetjsWriter {
  appendRow(row: unknown): Promise<void>
  close(): Promise<void>
}
interface Parquetjs {
  ParquetSchema: new (fields: Record<string, unknown>) => unknown
  ParquetWriter: { openFile(schema: unknown, file: string): Promise<ParquetjsWriter> }
}

/** It has no decimals (the amount goes in as whole cents), and names with a point mean groups to it. */
async function writeParquetjs(file: string, count: number): Promise<number> {
  const { ParquetSchema, ParquetWriter: Writer } = createRequire(import.meta.url)('parquetjs-lite') as Parquetjs
  const typeOf = ({ name, type }: ParquetColumn): string => {
    if (name === 'created_at') return 'TIMESTAMP_MICROS'
    return { string: 'UTF8', boolean: 'BOOLEAN', double: 'DOUBLE' }[type.kind as string] ?? 'INT64'
  }
  const plain = (name: string): string => name.replace('.', '_')
  const fields = COLUMNS.map((column) => {
    return [plain(column.name), { type: typeOf(column), optional: column.optional, compression: 'SNAPPY' }]
  })
  const rows = orders(1, PARQUETJS_ROWS).map((order) => {
    const row = Object.fromEntries(Object.entries(order).map(([name, value]) => [plain(name), value as unknown]))
    return { ...row, amount: Math.round(Number(order.amount) * 100) }
  })
  globalThis.gc?.()
  const writer = await Writer.openFile(new ParquetSchema(Object.fromEntries(fields)), file)
  const watch = new Stopwatch()
  await watch.runAsync(async () => {
    for (const row of rows) await writer.appendRow(row)
    await writer.close()
  })
  return (watch.cpuSeconds * count) / PARQUETJS_ROWS
}

function megabytes(bytes: Uint8Array): string {
  return `${(bytes.length / 1e6).toFixed(1)} MB`
}
