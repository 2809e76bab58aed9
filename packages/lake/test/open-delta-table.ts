/**
 * Says what this package finds in a Delta table that others wrote, as JSON; with rows to add, adds them first.
 *
 *     node --conditions=@sluice/source packages/lake/test/open-delta-table.ts STORE TABLE [ROWS_AS_JSON]
 */
import { randomUUID } from 'node:crypto'
import { FileStore } from '@sluice/object-store'
import { MemoryMetrics, systemClock, systemRandom } from '@sluice/sdk'
import { DeltaTable, TableWriter } from '@sluice/lake'

const [root = '', name = '', rows = '[]'] = process.argv.slice(2)
const store = new FileStore(root)
const ports = { clock: systemClock, random: systemRandom, engineInfo: 'sluice-lake', newId: randomUUID }
const table = (await DeltaTable.open(store, name, ports))!
const limits = { rowsMax: 1e6, bytesMax: 1e8, ageMaxMs: 1e6, idleMaxMs: 1e6 }
const writer = new TableWriter(table, store, { ...limits, parquet: {} }, { ...ports, metrics: new MemoryMetrics() })
let offset = 0
for (const row of JSON.parse(rows) as Record<string, unknown>[])
  writer.append(writer.lane('p0', 'rows-0'), offset++, row)
await writer.commit()
await table.settled()
const { snapshot } = table
const counts = [...snapshot.files].map(({ stats = '{}' }) => (JSON.parse(stats) as { numRecords?: number }).numRecords)
console.log(
  JSON.stringify({
    version: snapshot.version,
    paths: table.filePaths.toSorted(),
    rows: counts.reduce<number>((sum, count = 0) => sum + count, 0),
    columns: snapshot.schema.fields.map((field) => field.name),
    partitionColumns: snapshot.metadata.partitionColumns,
    tombstones: [...snapshot.tombstones].length,
    txns: Object.fromEntries([...snapshot.txns].map(({ appId, version }) => [appId, Number(version)])),
  }),
)
