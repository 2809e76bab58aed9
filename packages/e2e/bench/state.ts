/**
 * What a state store costs per record, beside a plain Map of the same key and value: the limit of what a store in JavaScript can
 * reach. Keys are a task's share of 50,000 customers in 4 partitions; a commit comes every 5,000 records. CPU time of the whole process,
 * after a warm-up.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Serdes } from '@sluice/streams'
import {
  LmdbState,
  memoryStores,
  type ChangelogRecord,
  type StoreContext,
  type StoreDefinition,
  type TaskStore,
  type TimestampedKeyValueStore,
  type TimestampedWindowStore,
  type WindowStore,
} from '@sluice/streams/state'
import type { BenchCase } from './bench-case.ts'

const CUSTOMERS = 12_500
const PER_COMMIT = 5000
const START = 1_700_000_000_000
const MINUTE = 60_000
const FIVE_MINUTES = 5 * MINUTE

type Shape = Pick<StoreDefinition, 'engine' | 'caching' | 'logging'>
const UNLOGGED: Shape = { engine: 'memory', caching: false, logging: null }
const LOGGED: Shape = { engine: 'memory', caching: false, logging: {} }
const COLLAPSED: Shape = { engine: 'memory', caching: true, logging: {} }
const TABLE = { name: 'table', key: Serdes.string, value: Serdes.long, kind: 'timestampedKeyValue' } as const
const WINDOWS = {
  name: 'windows',
  key: Serdes.string,
  value: Serdes.long,
  kind: 'timestampedWindow',
  retentionMs: 2 * MINUTE,
  windowSizeMs: MINUTE,
  retainDuplicates: false,
} as const
const JOIN = {
  ...WINDOWS,
  kind: 'window',
  value: Serdes.string,
  retentionMs: 2 * FIVE_MINUTES,
  retainDuplicates: true,
} as const
const RESTORED = { ...TABLE, value: Serdes.string } as const

/** `short`: a tenth of the records. */
export async function bench(short: boolean): Promise<BenchCase[]> {
  const records = short ? 100_000 : 1_000_000
  const keys = Array.from({ length: records }, (_, at) => `customer-${scattered(at) % CUSTOMERS}`)
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'))
  const disk = onDisk(folder)
  try {
    countInMap(keys.slice(0, keys.length / 10))
    const map = perRecord(keys, countInMap)
    const count = (name: string, definition: StoreDefinition, place = inMemory): Promise<BenchCase> =>
      measured(`count by key: ${name}`, keys, map, definition, place, countInStore)
    countWindowsInMap(keys.slice(0, keys.length / 10))
    const windowed = perRecord(keys, countWindowsInMap)
    return [
      await count('in memory', { ...TABLE, ...UNLOGGED }),
      await count('in memory, each update logged', { ...TABLE, ...LOGGED }),
      await count('in memory, one update logged per key and commit', { ...TABLE, ...COLLAPSED }),
      await count('LMDB', { ...TABLE, ...UNLOGGED }, disk),
      await count('LMDB, one update logged per key and commit', { ...TABLE, ...COLLAPSED }, disk),
      await measured(
        'count in 1-minute windows: in memory',
        keys,
        windowed,
        { ...WINDOWS, ...UNLOGGED },
        inMemory,
        countWindows,
      ),
      await measured(
        'count in 1-minute windows: LMDB',
        keys,
        windowed,
        { ...WINDOWS, ...UNLOGGED },
        disk,
        countWindows,
      ),
      await measured('5-minute join, put and look up: in memory', keys, null, { ...JOIN, ...UNLOGGED }, inMemory, join),
      await measured('5-minute join, put and look up: LMDB', keys, null, { ...JOIN, ...UNLOGGED }, disk, join),
      ...(await restores(records, folder)),
    ]
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

interface Place {
  store(definition: StoreDefinition): TaskStore
  commit(store: TaskStore): void
  end(): Promise<void>
}

type Run = (store: unknown, keys: readonly string[], commit: () => void, context: MovingRecord) => void

async function measured(
  name: string,
  keys: readonly string[],
  map: number | null,
  definition: StoreDefinition,
  makePlace: () => Place,
  run: Run,
): Promise<BenchCase> {
  const place = makePlace()
  const store = place.store(definition)
  run(store, keys.slice(0, keys.length / 10), () => place.commit(store), record)
  const ours = perRecord(keys, () => run(store, keys, () => place.commit(store), record))
  await place.end()
  return { name, unit: 'µs', ours, peer: map === null ? [] : [{ name: 'Map', value: map }] }
}

interface MovingRecord {
  timestamp: number
}

/** The record under way of all cases. */
const record = { topic: 'in', partition: 0, offset: 0, timestamp: START, headers: null }
let loggedBytes = 0
const context: StoreContext = {
  record,
  changelog: {
    append: (_store, key, value) => {
      loggedBytes += key.length + (value?.length ?? 0)
    },
  },
  changelogTopic: (store) => `bench-${store}-changelog`,
  onExpired: () => {},
  onFull: () => {},
}

function inMemory(): Place {
  return {
    store: (definition) => memoryStores(definition, context),
    commit: (store) => store.flush(),
    end: () => Promise.resolve(),
  }
}

function onDisk(folder: string): () => Place {
  let places = 0
  return () => {
    const state = new LmdbState({ directory: path.join(folder, `${places++}`), application: 'bench', task: '0_0' })
    return {
      store: (definition) => state.store(definition, context),
      commit(store) {
        store.flush()
        state.commit(new Map([[store.name, 1]]))
      },
      end: () => state.close(),
    }
  }
}

function countInMap(keys: readonly string[]): void {
  const map = new Map<string, { value: number; timestamp: number }>()
  for (const key of keys) map.set(key, { value: (map.get(key)?.value ?? 0) + 1, timestamp: START })
}

const countInStore: Run = (store, keys, commit) => {
  const table = store as TimestampedKeyValueStore<string, number>
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!
    table.put(key, (table.get(key)?.value ?? 0) + 1, START)
    if (at % PER_COMMIT === PER_COMMIT - 1) commit()
  }
}

/** A record each millisecond. */
function countWindowsInMap(keys: readonly string[]): void {
  const windows = new Map<string, Map<number, { value: number; timestamp: number }>>()
  for (let at = 0; at < keys.length; at++) {
    const timestamp = START + at
    const start = timestamp - (timestamp % MINUTE)
    let ofKey = windows.get(keys[at]!)
    if (ofKey === undefined) windows.set(keys[at]!, (ofKey = new Map()))
    ofKey.set(start, { value: (ofKey.get(start)?.value ?? 0) + 1, timestamp })
  }
}

const countWindows: Run = (store, keys, commit, moving) => {
  const windows = store as TimestampedWindowStore<string, number>
  const begin = moving.timestamp
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!
    const timestamp = (moving.timestamp = begin + at)
    const start = timestamp - (timestamp % MINUTE)
    windows.put(key, (windows.fetch(key, start)?.value ?? 0) + 1, timestamp, start)
    if (at % PER_COMMIT === PER_COMMIT - 1) commit()
  }
}

const join: Run = (store, keys, commit, moving) => {
  const windows = store as WindowStore<string, string>
  const begin = moving.timestamp
  let found = 0
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!
    const timestamp = (moving.timestamp = begin + at)
    windows.put(key, 'order', timestamp)
    for (const { start } of windows.fetchRange(key, timestamp - FIVE_MINUTES, timestamp + FIVE_MINUTES))
      if (start <= timestamp) found++
    if (at % PER_COMMIT === PER_COMMIT - 1) commit()
  }
  if (found === 0) throw new Error('The join found nothing')
}

/** A changelog of so many rows of 100 bytes, in batches of 5,000. */
async function restores(rows: number, folder: string): Promise<BenchCase[]> {
  const value = Buffer.alloc(100, 'v')
  const batch = (begin: number): ChangelogRecord[] =>
    Array.from({ length: PER_COMMIT }, (_, at) => {
      const key = Buffer.from(`customer-${scattered(begin + at) % rows}`)
      return { key, value, timestamp: START, headers: null, offset: begin + at }
    })
  const each = (restore: (records: ChangelogRecord[], next: number) => void): number => {
    let cpu = 0
    for (let begin = 0; begin < rows; begin += PER_COMMIT) {
      const records = batch(begin)
      const before = process.cpuUsage()
      restore(records, begin + PER_COMMIT)
      const { user, system } = process.cpuUsage(before)
      cpu += (user + system) / 1e6
    }
    return (cpu * 1e6) / rows
  }
  const memory = memoryStores({ ...RESTORED, ...LOGGED }, context)
  const inMemoryCpu = each((records) => memory.restore(records))
  const state = new LmdbState({ directory: path.join(folder, 'restore'), application: 'bench', task: '0_0' })
  const store = state.store({ ...RESTORED, ...LOGGED }, context)
  const onDiskCpu = each((records, next) => state.restore(store, records, next))
  await state.close()
  return [
    { name: `restore of ${rows} rows from a changelog: in memory, per row`, unit: 'µs', ours: inMemoryCpu, peer: [] },
    { name: `restore of ${rows} rows from a changelog: LMDB, per row`, unit: 'µs', ours: onDiskCpu, peer: [] },
  ]
}

function perRecord(keys: readonly string[], run: (keys: readonly string[]) => void): number {
  const before = process.cpuUsage()
  run(keys)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / keys.length
}

/** Numbers in no order, the same each time. */
function scattered(at: number): number {
  return Math.imul(at + 1, 0x9e37_79b1) >>> 0
}
