/**
 * A million orders as JSON in memory (a struct in a struct, integers beyond 2^53), to the columns of a Parquet file: parsed, decoded as
 * the JSON converter does, and found in their bytes as the lake sink does. In CPU-seconds of this process, after a warm-up; the lines
 * are made in pieces, which are not timed.
 */
import { jsonConverter } from '@sluice/codecs'
import { ParquetWriter, collectChunks, deltaSchemaOf, layoutOfSchema, parquetColumnsOf } from '@sluice/lake'
import type { JsonLayout, ParquetColumn } from '@sluice/lake'
import type { StructSchema, StructValue } from '@sluice/sdk'
import type { BenchCase } from './bench-case.ts'
import { ORDER_SCHEMA, orderLines } from './lake/order-lines.ts'

const MILLION = 1_000_000
const PIECE = 50_000
const WARM_UP = 50_000
/** From bytes to a file. A table's commits come on top, and Kafka. */
const BAR = 2.2

const converter = jsonConverter.create({ 'schemas.enable': 'true', 'schema.content': ORDER_SCHEMA }, 'value')

/** A piece's lines, and what is made of them before anybody is timed. */
interface Piece {
  readonly lines: readonly Uint8Array[]
  /** By column. */
  readonly columns: readonly (readonly unknown[])[]
}

interface Way {
  /** Whether it is given the columns. */
  readonly takesColumns?: true
  /** What is timed; its answer is kept until the next piece comes. */
  piece(piece: Piece): unknown
  /** Bytes of the file. */
  finish(): number
}

export function bench(short: boolean): readonly BenchCase[] {
  const schema = converter.decode('orders', orderLines(1, 1)[0]!).schema as StructSchema
  const columns = parquetColumnsOf(deltaSchemaOf(schema), 'orders')
  const layout = layoutOfSchema(schema)!
  const count = short ? 2 * WARM_UP : MILLION
  const scale = MILLION / count
  const cases = [
    { name: 'JSON.parse', way: () => parsing() },
    { name: 'the JSON converter', way: () => decoding() },
    { name: 'fields found in the bytes', way: () => locating(layout) },
    { name: 'the JSON converter, and rows to a Parquet file (zstd)', way: () => decodedFile(columns) },
    { name: 'fields found in the bytes, to a Parquet file (zstd)', way: () => locatedFile(columns, layout), bar: BAR },
    { name: 'columns to a Parquet file (zstd)', way: () => columnsFile(columns) },
  ]
  return cases.map(({ name, way, ...bar }) => {
    run(way(), columns, WARM_UP)
    const { cpuSeconds, bytes } = run(way(), columns, count)
    const size = bytes === 0 ? '' : `, ${((bytes * scale) / 1e6).toFixed(1)} MB`
    return {
      name: `${MILLION.toLocaleString('en')} orders: ${name}${size}`,
      unit: 'CPU-s',
      ours: cpuSeconds * scale,
      peer: [],
      ...bar,
    }
  })
}

function run(way: Way, columns: readonly ParquetColumn[], count: number): { cpuSeconds: number; bytes: number } {
  let cpuSeconds = 0
  const timed = <T>(work: () => T): T => {
    const before = process.cpuUsage()
    const result = work()
    const { user, system } = process.cpuUsage(before)
    cpuSeconds += (user + system) / 1e6
    return result
  }
  for (let from = 1; from <= count; from += PIECE) {
    const lines = orderLines(from, Math.min(PIECE, count - from + 1))
    const piece = { lines, columns: way.takesColumns === true ? columnsOf(columns, lines) : [] }
    globalThis.gc?.()
    timed(() => way.piece(piece))
  }
  const bytes = timed(() => way.finish())
  return { cpuSeconds, bytes }
}

function parsing(): Way {
  return {
    piece: ({ lines }) => lines.map((line) => JSON.parse(Buffer.from(line).toString()) as unknown),
    finish: () => 0,
  }
}

function decoding(): Way {
  return { piece: ({ lines }) => lines.map((line) => converter.decode('orders', line)), finish: () => 0 }
}

function locating(layout: JsonLayout): Way {
  return { piece: ({ lines }) => lines.map((line) => layout.locate(line)), finish: () => 0 }
}

function decodedFile(columns: readonly ParquetColumn[]): Way {
  return fileOf(columns, (writer, { lines }) => {
    for (const line of lines) writer.appendRow(converter.decode('orders', line).value as StructValue)
  })
}

function locatedFile(columns: readonly ParquetColumn[], layout: JsonLayout): Way {
  return fileOf(columns, (writer, { lines }) => {
    for (const line of lines) writer.appendLocated(layout.locate(line)!, null)
  })
}

function columnsFile(columns: readonly ParquetColumn[]): Way {
  const way = fileOf(columns, (writer, { lines, columns: values }) => {
    writer.appendColumns(values, lines.length)
  })
  return { ...way, takesColumns: true }
}

function columnsOf(columns: readonly ParquetColumn[], lines: readonly Uint8Array[]): Piece['columns'] {
  const values = lines.map((line) => converter.decode('orders', line).value as StructValue)
  return columns.map(({ name }) => values.map((value) => value[name]))
}

function fileOf(columns: readonly ParquetColumn[], append: (writer: ParquetWriter, piece: Piece) => void): Way {
  const chunks = collectChunks()
  const writer = new ParquetWriter(columns, { codec: 'zstd' }, chunks.sink)
  return {
    piece: (piece) => append(writer, piece),
    finish: () => {
      writer.finish()
      return chunks.bytes().length
    },
  }
}
