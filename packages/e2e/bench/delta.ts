/**
 * What a Delta commit costs, in CPU time and without the files' own bytes: by files per commit, and by tables in one process;
 * what a checkpoint costs, and what opening costs with one and without. On the memory store: the store's own work is not ours.
 */
import { randomUUID } from 'node:crypto'
import { MemoryStore } from '@sluice/object-store'
import { primitive, struct, systemClock, systemRandom } from '@sluice/sdk'
import { DeltaTable, deltaSchemaOf } from '@sluice/lake'
import type { AppendRequest, DataFile } from '@sluice/lake'
import type { BenchCase } from './bench-case.ts'

const ports = { clock: systemClock, random: systemRandom, engineInfo: 'bench', newId: randomUUID }
const schema = deltaSchemaOf(
  struct({ id: primitive('int64'), name: primitive('string'), amount: primitive('float64') }),
)
/** As long as those of ten columns. */
const STATS = JSON.stringify({
  numRecords: 10_000,
  minValues: { id: 1, name: 'Aaltje van der Berg, Amsterdam', amount: 0.25, region: 'eu-central-1', day: '2026-11-28' },
  maxValues: {
    id: 10_000,
    name: 'Żaneta Wiśniewska, Zakopane',
    amount: 999.75,
    region: 'us-west-2',
    day: '2026-11-28',
  },
  nullCount: { id: 0, name: 0, amount: 0, region: 12, day: 0, at: 0, note: 9000, kind: 3, count: 4, price: 5 },
})
/** Commits measured together: the clock of CPU time is coarse. */
const COMMITS = 200

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const commits = short ? 20 : COMMITS
  const cases: BenchCase[] = []
  const add = (name: string, ours: number, bar?: number): void =>
    void cases.push({ name, unit: 'CPU-ms', ours, peer: [], ...(bar === undefined ? {} : { bar }) })

  await commitCost(1, 1, commits)
  for (const files of [1, 10, 100, 1000]) {
    const ms = await commitCost(1, files, files === 1000 ? Math.min(50, commits) : commits)
    add(`one commit of ${files} file${files === 1 ? '' : 's'}`, ms, files === 1 ? 5 : undefined)
  }
  for (const tables of [1, 10, 100])
    add(
      `one commit of 1 file, ${tables} table${tables === 1 ? '' : 's'} at once`,
      await commitCost(tables, 1, commits),
      5,
    )
  for (const files of short ? [1000] : [1000, 10_000, 100_000])
    add(`one checkpoint of ${files} files, beside the commits`, await checkpointCost(files))
  for (const versions of short ? [1000] : [1000, 10_000, 100_000]) {
    const store = await logOf(versions)
    add(`opening at version ${versions}, no checkpoint`, await openingCost(store, versions))
    await withCheckpoint(store)
    add(`opening at version ${versions}, with a checkpoint`, await openingCost(store, versions + 1))
  }
  return cases
}

/** CPU milliseconds per commit, with that many tables taking turns. Checkpoints are left out; they have a line of their own. */
async function commitCost(tables: number, files: number, commits: number): Promise<number> {
  const store = new MemoryStore()
  const opened = await Promise.all(Array.from({ length: tables }, (_, i) => open(store, `t${i}`)))
  const rounds = Math.max(1, Math.round(commits / tables))
  return (
    (await cpuMs(async () => {
      for (let round = 0; round < rounds; round++)
        await Promise.all(opened.map((table) => table.append(requestOf(table, round, files))))
    })) /
    (rounds * tables)
  )
}

async function open(store: MemoryStore, path: string): Promise<DeltaTable> {
  const table = await DeltaTable.openOrCreate(store, path, schema, ports)
  await table.close()
  return table
}

function requestOf(table: DeltaTable, round: number, count: number): AppendRequest {
  const files = Array.from({ length: count }, (): DataFile => ({
    path: `part-${randomUUID()}.zstd.parquet`,
    size: 1_000_000,
    modifiedMs: 1_760_000_000_000,
    rows: 10_000,
    stats: STATS,
    schema: table.snapshot.schema,
  }))
  const claim = { appId: 'sluice:bench::orders:0', version: round, expected: round === 0 ? undefined : round - 1 }
  return { txnId: randomUUID(), files, txns: [claim], offsets: { 'orders-0': [0, round] } }
}

/** The tenth commit of a table with that many files brings the checkpoint. */
async function checkpointCost(files: number): Promise<number> {
  const table = await DeltaTable.openOrCreate(new MemoryStore(), 't', schema, ports)
  for (let round = 0; round < 9; round++) await table.append(requestOf(table, round, round === 0 ? files : 1))
  const commit = await cpuMs(() => table.append(requestOf(table, 9, 1)).then(() => undefined))
  return commit + (await cpuMs(() => table.settled()))
}

/** A log of that many versions, one file each, written as text. */
async function logOf(versions: number): Promise<MemoryStore> {
  const store = new MemoryStore()
  await open(store, 't')
  const text = new TextEncoder()
  for (let version = 1; version <= versions; version++) {
    const add = { path: `part-${version}.parquet`, partitionValues: {}, size: 1, modificationTime: 1, dataChange: true }
    const actions = [
      { commitInfo: { timestamp: 1, operation: 'STREAMING UPDATE', isBlindAppend: true, txnId: String(version) } },
      { txn: { appId: 'sluice:bench::orders:0', version, lastUpdated: 1 } },
      { add: { ...add, stats: STATS } },
    ]
    const lines = actions.map((action) => `${JSON.stringify(action)}\n`).join('')
    await store.putIfAbsent(`t/_delta_log/${String(version).padStart(20, '0')}.json`, text.encode(lines))
  }
  return store
}

/** One more commit, which finds the last checkpoint long ago. */
async function withCheckpoint(store: MemoryStore): Promise<void> {
  const table = (await DeltaTable.open(store, 't', ports))!
  await table.append({ txnId: randomUUID(), files: [], txns: [] })
  await table.settled()
}

async function openingCost(store: MemoryStore, version: number): Promise<number> {
  let found: DeltaTable | undefined
  const ms = await cpuMs(async () => {
    found = await DeltaTable.open(store, 't', ports)
  })
  if (found?.snapshot.version !== version) throw new Error(`opened at ${found?.snapshot.version}, not at ${version}`)
  return ms
}

async function cpuMs(act: () => Promise<void>): Promise<number> {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
