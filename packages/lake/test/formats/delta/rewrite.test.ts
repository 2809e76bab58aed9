import { describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import { MemoryStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { DeltaTable, deltaSchemaOf } from '@sluice/lake'
import type { AppendRequest, DataFile, RewriteRequest, TableDesign } from '@sluice/lake'
import { testPorts } from '../../support/ports.ts'
import { readLog } from '../../support/table-state.ts'

const COMMIT = /_delta_log\/\d{20}\.json$/
const schema = deltaSchemaOf(struct({ id: primitive('int64') }))

function open(store: ObjectStore, design: TableDesign = {}): Promise<DeltaTable> {
  return DeltaTable.openOrCreate(store, 't', schema, testPorts(), undefined, design)
}

const fileOf = (table: DeltaTable, path: string): DataFile => {
  return { path, size: 10, modifiedMs: 1, rows: 1, stats: '{"numRecords":1}', schema: table.snapshot.schema }
}
const append = (table: DeltaTable, path: string): AppendRequest => {
  return { txnId: path, files: [fileOf(table, path)], txns: [] }
}

/** All live files become one; unless told otherwise rows change, and new files would have been read. */
function rewrite(table: DeltaTable, id: string, how: Partial<RewriteRequest> = {}): RewriteRequest {
  const removed = [...table.snapshot.files]
  return {
    txnId: id,
    operation: 'MERGE',
    readVersion: table.snapshot.version,
    readFiles: removed,
    wouldRead: () => true,
    removed,
    files: [fileOf(table, `${id}.parquet`)],
    dataChange: true,
    txns: [{ appId: 'merge', version: 1, expected: undefined }],
    ...how,
  }
}

async function tableOf(store: ObjectStore, design: TableDesign = {}): Promise<DeltaTable> {
  const table = await open(store, design)
  await table.append(append(table, 'a'))
  await table.append(append(table, 'b'))
  return table
}

const live = async (store: ObjectStore): Promise<string[]> =>
  [...(await open(store)).snapshot.files].map(({ path }) => path)

describe('files put in the place of others', () => {
  test('in one entry, with what readers of older versions and vacuum need', async () => {
    const store = new MemoryStore()
    const table = await tableOf(store)
    expect(await table.rewrite(rewrite(table, 'm'))).toBe(3)
    expect(await live(store)).toEqual(['m.parquet'])
    const entry = (await readLog(store, 't'))[3]!
    expect(entry.map((action) => Object.keys(action)[0])).toEqual(['commitInfo', 'txn', 'remove', 'remove', 'add'])
    expect(entry[0]!['commitInfo']).toMatchObject({
      operation: 'MERGE',
      isBlindAppend: false,
      readVersion: 2,
      operationMetrics: { numAddedFiles: '1', numRemovedFiles: '2' },
    })
    expect(entry[2]!['remove']).toEqual({
      path: 'a',
      deletionTimestamp: expect.any(Number),
      dataChange: true,
      extendedFileMetadata: true,
      partitionValues: {},
      size: 10,
    })
  })

  const compaction = { operation: 'OPTIMIZE', dataChange: false, txns: [] }
  const loose = { properties: { 'delta.isolationLevel': 'WriteSerializable' } }

  test.each([
    ['an append stops a merge', {}, {}, 'added the file'],
    ['not where the table is WriteSerializable', loose, {}, undefined],
    ['nor one of rows that it would not have read', {}, { wouldRead: () => false }, undefined],
    ['nor a compaction', {}, compaction, undefined],
  ])('%s', async (_, design, how, reason) => {
    const store = new MemoryStore()
    const other = await tableOf(store, design)
    const meanwhile = (): Promise<unknown> => other.append(append(other, 'late'))
    const table = await open(new FaultyStore(store, [{ effect: 'none', on: 'putIfAbsent', path: COMMIT, meanwhile }]))
    const outcome = table.rewrite(rewrite(table, 'm', how))
    if (reason === undefined) {
      expect(await outcome).toBe(4)
      expect((await live(store)).toSorted()).toEqual(['late', 'm.parquet'])
    } else {
      await expect(outcome).rejects.toMatchObject({ code: 'TABLE_CONFLICT', retriable: true })
      await expect(outcome).rejects.toThrow(reason)
      expect((await live(store)).toSorted()).toEqual(['a', 'b', 'late'])
    }
  })

  test('of a merge and a compaction of the same files one stays, whoever is first', async () => {
    for (const [first, second] of [
      [{}, compaction],
      [compaction, {}],
      [compaction, compaction],
    ]) {
      const store = new MemoryStore()
      const [one, other] = [await tableOf(store), await open(store)]
      const late = rewrite(other, 'second', second)
      await one.rewrite(rewrite(one, 'first', first))
      await expect(other.rewrite(late)).rejects.toThrow('removed the same file')
      expect(await live(store)).toEqual(['first.parquet'])
    }
  })

  test('every commit since the version that was read counts: those seen by a refresh, and the first of many', async () => {
    const store = new MemoryStore()
    const [table, other] = [await tableOf(store), await open(store)]
    const old = rewrite(table, 'm')
    await other.append(append(other, 'late'))
    for (let i = 0; i < 3; i++) await other.setDomain(`d${i}`, 'x')
    await table.refresh()
    await expect(table.rewrite(old)).rejects.toThrow('STREAMING UPDATE in version 3 added the file late')
  })

  test('a changed schema stops it, and an append goes on', async () => {
    const store = new MemoryStore()
    const [table, other] = [await tableOf(store), await open(store)]
    const [old, plain] = [rewrite(table, 'm'), append(table, 'n')]
    await other.evolve(deltaSchemaOf(struct({ id: primitive('int64'), more: primitive('string') })))
    await expect(table.rewrite(old)).rejects.toThrow('CHANGE COLUMNS in version 3 changed the metadata')
    expect(await table.append(plain)).toBe(4)
  })

  test('another merge of the same name is a rival, and a lost answer is none', async () => {
    const store = new MemoryStore()
    const [table, other] = [await tableOf(store), await open(store)]
    const old = rewrite(table, 'm', { removed: [], readFiles: [], wouldRead: () => false })
    await other.rewrite(rewrite(other, 'rival', { removed: [], readFiles: [] }))
    await expect(table.rewrite(old)).rejects.toMatchObject({ code: 'TABLE_FENCED' })
    const lossy = await open(new FaultyStore(store, [{ effect: 'lose-answer', on: 'putIfAbsent', path: COMMIT }]))
    expect(await lossy.rewrite(rewrite(lossy, 'mine', { txns: [] }))).toBe(4)
  })

  test('a table that only takes rows may be compacted, and not merged', async () => {
    const store = new MemoryStore()
    const table = await tableOf(store, { properties: { 'delta.appendOnly': 'true' } })
    await expect(table.rewrite(rewrite(table, 'm'))).rejects.toMatchObject({ code: 'TABLE_UNSUPPORTED' })
    expect(await table.rewrite(rewrite(table, 'c', compaction))).toBe(3)
  })
})
