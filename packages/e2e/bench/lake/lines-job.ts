/**
 * Lines of JSON into a Delta table, without Kafka and without a worker: `lines-job.ts FILE FOLDER COMMITS ROWS`.
 */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { DeltaTable, TableWriter, appIdOf, deltaSchemaOf, layoutOfSchema } from '@sluice/lake'
import { openObjectStore } from '@sluice/object-store'
import { MemoryMetrics, primitive, structOf, systemClock, systemRandom } from '@sluice/sdk'
import type { Converter, PrimitiveType, Schema, StructSchema, StructValue } from '@sluice/sdk'
import { ORDER_SCHEMA, lineEnd } from './order-lines.ts'

const PIECE_BYTES = 2 ** 20
const [file = '', folder = '', commits = '1', count = '1000000'] = process.argv.slice(2)
const rowsInAll = Number(count)
const ports = { clock: systemClock, random: systemRandom, engineInfo: 'sluice-bench', newId: randomUUID }
const limits = {
  rowsMax: rowsInAll / Number(commits),
  bytesMax: 64 * 2 ** 20,
  ageMaxMs: 600_000,
  idleMaxMs: 600_000,
  parquet: { codec: 'zstd' },
} as const

// As the sink does: fields are found in the bytes; what is not surely known is decoded.
const pieces = linesInPlace(file)
let piece = pieces.next()
const schema = schemaOf(JSON.parse(ORDER_SCHEMA) as Described) as StructSchema
const layout = layoutOfSchema(schema)
const store = openObjectStore(folder)
const table = await DeltaTable.openOrCreate(store, 'orders', deltaSchemaOf(schema), ports)
const writer = new TableWriter(table, store, limits, { ...ports, metrics: new MemoryMetrics() })
const lane = writer.lane(appIdOf({ sink: 'bench', cluster: '', topic: 'orders', partition: 0 }), 'orders-0')
/** Loaded for the first line that must be decoded. */
let converter: Converter | undefined
let offset = 0
for (; piece.done !== true && offset < rowsInAll; piece = pieces.next()) {
  await take(piece.value)
  // Between two pieces nothing waits, as between two fetches of a sink.
  if (writer.full) await writer.roll()
  if (writer.due) await writer.commit()
}
await writer.commit()
await table.close()

async function take(bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length && offset < rowsInAll; offset++) {
    const end = lineEnd(bytes, from)
    const row = layout?.locate(bytes, from, end)
    if (row === undefined || !writer.appendLocated(lane, offset, row, null))
      writer.append(lane, offset, await decoded(bytes.subarray(from, end)))
    from = end + 1
  }
}

async function decoded(line: Buffer): Promise<StructValue> {
  if (converter === undefined) {
    const { jsonConverter } = await import('@sluice/codecs')
    converter = jsonConverter.create({ 'schemas.enable': 'true', 'schema.content': ORDER_SCHEMA }, 'value')
  }
  return converter.decode('orders', line).value as StructValue
}

/** The file in pieces that end with a line; each is gone with the next, for which its memory is used again. */
function* linesInPlace(from: string): Generator<Buffer, undefined> {
  const bytes = Buffer.allocUnsafeSlow(PIECE_BYTES)
  const input = fs.openSync(from, 'r')
  try {
    for (let rest = 0; ;) {
      const read = fs.readSync(input, bytes, rest, bytes.length - rest, null)
      if (read === 0) return
      const filled = rest + read
      const end = bytes.lastIndexOf('\n', filled - 1) + 1
      if (end > 0) yield bytes.subarray(0, end)
      bytes.copyWithin(0, end, filled)
      rest = filled - end
    }
  } finally {
    fs.closeSync(input)
  }
}

/** As Connect says it in JSON. */
interface Described {
  readonly type: PrimitiveType | 'double' | 'struct'
  readonly optional?: boolean
  readonly fields?: readonly (Described & { readonly field: string })[]
}

function schemaOf({ type, fields = [], optional = false }: Described): Schema {
  if (type !== 'struct') return primitive(type === 'double' ? 'float64' : type, { optional })
  return structOf(
    fields.map((of) => [of.field, schemaOf(of)]),
    { optional },
  )
}
