/**
 * Appends to Delta tables of others, and says what this package finds in them: a line of JSON for each on its standard input.
 *
 *     node --conditions=@sluice/source packages/lake/test/open-delta-table.ts STORE
 *
 * A request names a `table`, and may have `rows` to commit first. It is opened anew, as by a task that starts, unless the request
 * names a writer (`as`), which is kept for the next one. Values that JSON has not: `{"$bytes": "00ff"}`, `{"$map": [[key, value]]}`.
 */
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { FileStore } from '@sluice/object-store'
import { MemoryMetrics, SluiceError, systemClock, systemRandom } from '@sluice/sdk'
import { DeltaTable, TableWriter } from '@sluice/lake'

interface Request {
  readonly table: string
  readonly as?: string
  readonly rows?: readonly Record<string, unknown>[]
}

const store = new FileStore(process.argv[2] ?? '')
const ports = { clock: systemClock, random: systemRandom, engineInfo: 'sluice-lake', newId: randomUUID }
const writers = new Map<string, TableWriter>()

for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await answer(JSON.parse(line, revive) as Request)))

async function answer(request: Request): Promise<Record<string, unknown>> {
  try {
    return await append(request)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    return { error: error.code, says: error.message }
  }
}

async function append({ table: path, as, rows = [] }: Request): Promise<Record<string, unknown>> {
  const kept = as === undefined ? undefined : writers.get(as)
  const writer = kept ?? (await open(path))
  if (as !== undefined) writers.set(as, writer)
  const lane = writer.lane('p0', 'rows-0')
  for (const row of rows) writer.append(lane, lane.taken + 1, row)
  await writer.commit()
  const { table } = writer
  await table.settled()
  const { snapshot } = table
  const counts = [...snapshot.files].map(
    ({ stats = '{}' }) => (JSON.parse(stats) as { numRecords?: number }).numRecords,
  )
  return {
    version: snapshot.version,
    paths: table.filePaths.toSorted(),
    rows: counts.reduce<number>((sum, count = 0) => sum + count, 0),
    columns: snapshot.schema.fields.map((field) => field.name),
    partitionColumns: snapshot.metadata.partitionColumns,
    tombstones: [...snapshot.tombstones].length,
    txns: Object.fromEntries([...snapshot.txns].map(({ appId, version }) => [appId, Number(version)])),
  }
}

async function open(path: string): Promise<TableWriter> {
  const table = (await DeltaTable.open(store, path, ports))!
  const limits = { rowsMax: 1e6, bytesMax: 1e8, ageMaxMs: 1e6, idleMaxMs: 1e6 }
  return new TableWriter(table, store, { ...limits, parquet: {} }, { ...ports, metrics: new MemoryMetrics() })
}

function revive(_: string, value: unknown): unknown {
  const { $bytes: bytes, $map: entries } = (value ?? {}) as { $bytes?: string; $map?: [unknown, unknown][] }
  if (bytes !== undefined) return new Uint8Array(Buffer.from(bytes, 'hex'))
  return entries === undefined ? value : new Map(entries)
}
