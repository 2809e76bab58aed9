// Run by kill.test.ts, which kills it: writes the rows that the table does not have yet, a few per commit, until all are there.
import { randomUUID } from 'node:crypto'
import { FileStore } from '@sluice/object-store'
import { MemoryMetrics, primitive, struct, systemClock, systemRandom } from '@sluice/sdk'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'

const [root = '', rows = '0'] = process.argv.slice(2)
const store = new FileStore(root)
const ports = {
  clock: systemClock,
  random: systemRandom,
  metrics: new MemoryMetrics(),
  engineInfo: 'sluice-test',
  newId: randomUUID,
}
const schema = deltaSchemaOf(struct({ offset: primitive('int64') }))
const table = await DeltaTable.openOrCreate(store, 'events', schema, ports)
const options = { rowsMax: 1, bytesMax: 1_000_000, ageMaxMs: 0, idleMaxMs: 0, parquet: { codec: 'snappy' } } as const
const writer = new TableWriter(table, store, options, ports)
const lane = writer.lane('p0', 'events-0')
while (lane.taken < Number(rows) - 1) {
  for (let i = 0; i < 7 && lane.taken < Number(rows) - 1; i++)
    writer.append(lane, lane.taken + 1, { offset: lane.taken + 1 })
  await writer.commit()
  process.stdout.write('.')
}
