import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { primitive, struct, systemClock, timestamp } from '@sluice/sdk'
import type { StructSchema } from '@sluice/sdk'
import { FileStore, MemoryStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { DeltaTable, deltaSchemaOf } from '@sluice/lake'
import type { AppendRequest, DataFile, DeltaPorts } from '@sluice/lake'
import { testPorts } from '../../support/ports.ts'
import { readLog, readTxns } from '../../support/table-state.ts'

const orders = struct({ id: primitive('int64'), note: primitive('string', { optional: true }) })
const COMMIT = /_delta_log\/\d{20}\.json$/

function open(store: ObjectStore, schema: StructSchema = orders, ports: DeltaPorts = testPorts()): Promise<DeltaTable> {
  return DeltaTable.openOrCreate(store, 'orders', deltaSchemaOf(schema), ports)
}

function fileOf(table: DeltaTable, path: string): DataFile {
  return { path, size: 10, modifiedMs: 1, rows: 1, stats: '{"numRecords":1}', schema: table.snapshot.schema }
}

/** One file and one partition's progress. */
function request(table: DeltaTable, id: string, appId: string, version: number, expected?: number): AppendRequest {
  return { txnId: id, files: [fileOf(table, `${id}.parquet`)], txns: [{ appId, version, expected }] }
}

const addedPaths = async (store: ObjectStore): Promise<unknown[]> =>
  (await readLog(store, 'orders')).flat().flatMap((action) => action['add']?.['path'] ?? [])

describe('a Delta table', () => {
  test('version 0 holds protocol (1,2) and metaData; commitInfo comes first in every commit, then txn, then add', async () => {
    const store = new MemoryStore()
    const table = await open(store)
    expect(await table.append({ ...request(table, 'one', 'p0', 41), offsets: { 'orders-0': [0, 41] } })).toBe(1)
    const log = await readLog(store, 'orders')
    expect(log.map((actions) => actions.map((action) => Object.keys(action)[0]))).toEqual([
      ['commitInfo', 'protocol', 'metaData'],
      ['commitInfo', 'txn', 'add'],
    ])
    expect(log[0]![1]).toEqual({ protocol: { minReaderVersion: 1, minWriterVersion: 2 } })
    expect(log[1]![0]!['commitInfo']).toMatchObject({
      txnId: 'one',
      isBlindAppend: true,
      offsets: { 'orders-0': [0, 41] },
    })
    expect(log[1]![1]).toEqual({ txn: { appId: 'p0', version: 41, lastUpdated: expect.any(Number) } })
    expect(log[1]![2]!['add']).toMatchObject({ path: 'one.parquet', partitionValues: {}, size: 10, dataChange: true })
  })

  test('opening what is not there gives undefined and makes nothing', async () => {
    const store = new MemoryStore()
    expect(await DeltaTable.open(store, 'orders', testPorts())).toBeUndefined()
    expect((await store.list('')).objects).toEqual([])
  })

  test('paths are percent-encoded in the log and found again', async () => {
    const store = new MemoryStore()
    const table = await open(store)
    await table.append({ txnId: 'x', files: [fileOf(table, 'p=a%20b/ü 1.parquet')], txns: [] })
    expect(await addedPaths(store)).toEqual(['p=a%2520b/ü%201.parquet'])
    const again = await DeltaTable.open(store, 'orders', testPorts())
    expect(again!.filePaths).toEqual(['orders/p=a%20b/ü 1.parquet'])
  })

  test('creators race for version 0: one table, and everybody’s columns are in it', async () => {
    const store = new MemoryStore()
    const schemas = ['a', 'b', 'c', 'd', 'e'].map((name) =>
      struct({ id: primitive('int64'), [name]: timestamp({ optional: true }) }),
    )
    const tables = await Promise.all(schemas.map((schema) => open(store, schema)))
    const log = await readLog(store, 'orders')
    expect(log[0]!.map((action) => Object.keys(action)[0])).toEqual(['commitInfo', 'protocol', 'metaData'])
    expect(log.slice(1).every((actions) => actions.length === 2 && actions[1]!['metaData'] !== undefined)).toBe(true)
    for (const table of tables) await table.refresh()
    const columns = tables.map((table) => table.snapshot.schema.fields.map((field) => field.name))
    expect(columns[0]!.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'id'])
    expect(new Set(columns.map((names) => names.join())).size).toBe(1)
    expect(new Set(tables.map((table) => table.snapshot.metadata.id)).size).toBe(1)
  })

  test('a creator whose columns contradict the winner’s is refused', async () => {
    const store = new MemoryStore()
    await open(store)
    await expect(open(store, struct({ id: primitive('string') }))).rejects.toMatchObject({ code: 'TABLE_SCHEMA' })
  })

  test('evolving adds columns and keeps all else of the metadata, what others wrote in it too', async () => {
    const store = new MemoryStore()
    const table = await open(store)
    const { id, createdTime } = table.snapshot.metadata
    await table.evolve(deltaSchemaOf(orders))
    expect(table.snapshot.version).toBe(0)
    await table.evolve(deltaSchemaOf(struct({ id: primitive('int64'), at: timestamp() })))
    expect(table.snapshot.version).toBe(1)
    expect(table.snapshot.metadata).toMatchObject({ id, createdTime, name: 'orders', configuration: {} })
    expect(table.snapshot.schema.fields.map(({ name, nullable }) => [name, nullable])).toEqual([
      ['id', false],
      ['note', true],
      ['at', true],
    ])
  })
})

describe('racing writers', () => {
  test.each(['memory', 'file'])(
    '20 writers, partitions of their own, %s: all commits land, no version is missing',
    async (kind) => {
      const folder = await mkdtemp(join(tmpdir(), 'sluice-delta-'))
      const store = kind === 'file' ? new FileStore(folder) : new MemoryStore()
      await open(store)
      const rounds = 4
      await Promise.all(
        Array.from({ length: 20 }, async (_, writer) => {
          // Their pauses are what parts them: these take real time.
          const table = await open(store, orders, { ...testPorts(), clock: systemClock })
          for (let round = 0; round < rounds; round++)
            await table.append(
              request(table, `w${writer}r${round}`, `p${writer}`, round, round === 0 ? undefined : round - 1),
            )
          await table.settled()
        }),
      )
      expect(await readLog(store, 'orders')).toHaveLength(1 + 20 * rounds)
      expect(new Set(await addedPaths(store)).size).toBe(20 * rounds)
      expect(Object.values(await readTxns(store, 'orders'))).toEqual(Array.from({ length: 20 }, () => rounds - 1))
      await rm(folder, { recursive: true })
    },
    30_000,
  )

  test('after losing every race it gives up for now, and the same request succeeds later', async () => {
    const store = new MemoryStore()
    const [other, below] = [await open(store), store]
    let rivals = 0
    const crowded = new FaultyStore(below, [
      {
        effect: 'none',
        on: 'putIfAbsent',
        path: COMMIT,
        times: 16,
        meanwhile: async () => {
          await other.refresh()
          await other.append({ txnId: `rival${++rivals}`, files: [], txns: [] })
        },
      },
    ])
    const table = await open(crowded)
    const mine = request(table, 'mine', 'p0', 5)
    await expect(table.append(mine)).rejects.toMatchObject({ code: 'TABLE_CONFLICT', retriable: true })
    expect(rivals).toBe(16)
    expect(await table.append(mine)).toBe(17)
  })

  test('a zombie whose partition moved on is fenced, and nothing of its batch is visible', async () => {
    const store = new MemoryStore()
    const [zombie, owner] = [await open(store), await open(store)]
    await owner.append(request(owner, 'owner', 'p0', 99))
    const late = zombie.append(request(zombie, 'zombie', 'p0', 50))
    await expect(late).rejects.toMatchObject({ code: 'TABLE_FENCED', retriable: false })
    await expect(late).rejects.toThrow('it stands at 99, this writer left it at nothing and must stop')
    expect(await addedPaths(store)).toEqual(['owner.parquet'])
    expect(await readTxns(store, 'orders')).toEqual({ p0: 99 })
  })

  test('a zombie is fenced also when the rival commits between its look and its write, or far behind its back', async () => {
    const store = new MemoryStore()
    const owner = await open(store)
    const zombie = await open(
      new FaultyStore(store, [
        {
          effect: 'none',
          on: 'putIfAbsent',
          path: COMMIT,
          meanwhile: () => owner.append(request(owner, 'owner', 'p0', 7)),
        },
      ]),
    )
    await expect(zombie.append(request(zombie, 'zombie', 'p0', 5))).rejects.toMatchObject({ code: 'TABLE_FENCED' })
    await zombie.refresh()
    await expect(zombie.append(request(zombie, 'zombie2', 'p0', 5))).rejects.toMatchObject({ code: 'TABLE_FENCED' })
    expect(await addedPaths(store)).toEqual(['owner.parquet'])
  })

  test('another’s new column does not hurt files already written; a changed or dropped one does', async () => {
    const store = new MemoryStore()
    const [table, other] = [await open(store), await open(store)]
    const before = request(table, 'before', 'p0', 1)
    await other.evolve(deltaSchemaOf(struct({ id: primitive('int64'), at: timestamp({ optional: true }) })))
    expect(await table.append(before)).toBe(2)
    expect(table.snapshot.schema.fields.map((field) => field.name)).toEqual(['id', 'note', 'at'])

    const stale = request(table, 'stale', 'p0', 2, 1)
    const metadata = { ...(await readLog(store, 'orders'))[0]![2]!['metaData'] }
    metadata['schemaString'] =
      '{"type":"struct","fields":[{"name":"id","type":"string","nullable":true,"metadata":{}}]}'
    await store.put(
      `orders/_delta_log/${'3'.padStart(20, '0')}.json`,
      new TextEncoder().encode(JSON.stringify({ metaData: metadata })),
    )
    const refused = table.append(stale)
    await expect(refused).rejects.toMatchObject({ code: 'TABLE_SCHEMA' })
    await expect(refused).rejects.toThrow('column id became string')
  })

  test('a table that another upgrades beyond this writer is left alone, by the feature’s name', async () => {
    const store = new MemoryStore()
    const table = await open(store)
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['deletionVectors'],
      writerFeatures: ['deletionVectors'],
    }
    await store.put(
      `orders/_delta_log/${'1'.padStart(20, '0')}.json`,
      new TextEncoder().encode(JSON.stringify({ protocol })),
    )
    await expect(table.append(request(table, 'x', 'p0', 1))).rejects.toThrow('deletionVectors')
    await expect(open(store)).rejects.toMatchObject({ code: 'TABLE_UNSUPPORTED' })
    expect(await addedPaths(store)).toEqual([])
  })
})

describe('answers that get lost', () => {
  test.each(['lose-answer', 'answer-exists'] as const)(
    'the commit took place (%s): recognised as our own, once',
    async (effect) => {
      const store = new MemoryStore()
      await open(store)
      const table = await open(new FaultyStore(store, [{ effect, on: 'putIfAbsent', path: COMMIT }]))
      expect(await table.append(request(table, 'mine', 'p0', 5))).toBe(1)
      expect(await table.append(request(table, 'next', 'p0', 6, 5))).toBe(2)
      expect(await addedPaths(store)).toEqual(['mine.parquet', 'next.parquet'])
    },
  )

  test('the commit did not take place: the same version is tried again', async () => {
    const store = new MemoryStore()
    await open(store)
    const table = await open(new FaultyStore(store, [{ effect: 'refuse', on: 'putIfAbsent', path: COMMIT, times: 3 }]))
    expect(await table.append(request(table, 'mine', 'p0', 5))).toBe(1)
  })

  test('the commit took place and the store then fails for minutes: the repeated request finds itself', async () => {
    const store = new MemoryStore()
    await open(store)
    const table = await open(
      new FaultyStore(store, [
        { effect: 'lose-answer', on: 'putIfAbsent', path: COMMIT },
        { effect: 'refuse', on: 'get', path: COMMIT, nth: 2, times: 16 },
      ]),
    )
    const mine = request(table, 'mine', 'p0', 5)
    await expect(table.append(mine)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true })
    const other = await open(store)
    await other.append(request(other, 'other', 'p1', 1))
    expect(await table.append(mine)).toBe(1)
    await table.append(request(table, 'next', 'p0', 6, 5))
    expect(await addedPaths(store)).toEqual(['mine.parquet', 'other.parquet', 'next.parquet'])
  })

  test('an own commit found by a refresh is an own commit too', async () => {
    const store = new MemoryStore()
    await open(store)
    const table = await open(new FaultyStore(store, [{ effect: 'crash-after', on: 'putIfAbsent', path: COMMIT }]))
    const mine = request(table, 'mine', 'p0', 5)
    await expect(table.append(mine)).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const survivor = await open(store)
    expect(await survivor.append(mine)).toBe(1)
    expect(await addedPaths(store)).toEqual(['mine.parquet'])
  })

  test('at random failures, in any number, every request lands exactly once', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const store = new MemoryStore()
      await open(store)
      const appends = async (writer: number): Promise<void> => {
        const ports = testPorts()
        const faulty = FaultyStore.seeded(store, seed * 100 + writer, 0.3)
        const table = await patiently(() => DeltaTable.open(faulty, 'orders', ports))
        for (let i = 0; i < 6; i++) {
          const next = request(table!, `s${seed}w${writer}n${i}`, `p${writer}`, i, i === 0 ? undefined : i - 1)
          await patiently(() => table!.append(next))
        }
      }
      await Promise.all([1, 2, 3].map(appends))
      const paths = await addedPaths(store)
      expect([seed, paths.length, new Set(paths).size]).toEqual([seed, 18, 18])
      expect(await readTxns(store, 'orders')).toEqual({ p1: 5, p2: 5, p3: 5 })
    }
  })
})

/** Calls again as long as the failure may pass. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true) throw error
    }
  }
}

test('a call that is stopped says so, and leaves nothing half done', async () => {
  const store = new MemoryStore()
  const table = await open(store)
  await expect(table.append(request(table, 'x', 'p0', 1), AbortSignal.abort())).rejects.toMatchObject({
    code: 'INTERRUPTED',
  })
  expect(await addedPaths(store)).toEqual([])
})
