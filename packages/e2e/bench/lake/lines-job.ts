/**
 * Lines of JSON into a Delta table, without Kafka and without a worker: `lines-job.ts FILE FOLDER COMMITS ROWS`. The amount is a
 * decimal(12,2) here.
 */
import { randomUUID } from 'node:crypto'
import { jsonConverter } from '@sluice/codecs'
import { DeltaTable, TableWriter, appIdOf, deltaSchemaOf } from '@sluice/lake'
import { openObjectStore } from '@sluice/object-store'
import { MemoryMetrics, decimal, structOf, systemClock, systemRandom } from '@sluice/sdk'
import type { StructSchema, StructValue } from '@sluice/sdk'
import { ORDER_SCHEMA, linesOf } from './order-lines.ts'

const LINES_PER_LOOK = 500

const [file = '', folder = '', commits = '1', count = '1000000'] = process.argv.slice(2)
const converter = jsonConverter.create({ 'schemas.enable': 'true', 'schema.content': ORDER_SCHEMA }, 'value')
const clocks = { clock: systemClock, random: systemRandom }
const ports = { ...clocks, engineInfo: 'sluice-bench', newId: randomUUID }
const store = openObjectStore(folder)
const rowsMax = Number(count) / Number(commits)
const limits = { rowsMax, bytesMax: 64 * 2 ** 20, ageMaxMs: 600_000, idleMaxMs: 600_000 }

let writer: TableWriter | undefined
let offset = 0
for await (const line of linesOf(file)) {
  if (offset === Number(count)) break
  const { schema, value } = converter.decode('orders', line)
  if (offset % LINES_PER_LOOK === 0) writer = await ready(schema as StructSchema)
  const lane = writer!.lane(appIdOf({ sink: 'bench', cluster: '', topic: 'orders', partition: 0 }), 'orders-0')
  writer!.append(lane, offset++, value as StructValue)
}
await writer?.commit()
await writer?.table.close()

/** Between two looks nothing waits, as between two fetches of a sink. */
async function ready(schema: StructSchema): Promise<TableWriter> {
  if (writer === undefined) {
    const fields = schema.fields.map(({ name, schema: field }) => [name, name === 'amount' ? amount() : field] as const)
    const table = await DeltaTable.openOrCreate(store, 'orders', deltaSchemaOf(structOf(fields)), ports)
    return new TableWriter(
      table,
      store,
      { ...limits, parquet: { codec: 'zstd' } },
      { ...ports, metrics: new MemoryMetrics() },
    )
  }
  if (writer.full) await writer.roll()
  if (writer.due) await writer.commit()
  return writer
}

function amount(): ReturnType<typeof decimal> {
  return decimal(2, { parameters: { 'connect.decimal.precision': '12' } })
}
