import { describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import { MemoryStore, listAll } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { DeltaTable, TableHistory, deltaSchemaOf } from '@sluice/lake'
import type { TableDesign } from '@sluice/lake'
import { testPorts } from '../../support/ports.ts'

const schema = deltaSchemaOf(struct({ id: primitive('int64') }))
const entry = (version: number): string => `t/_delta_log/${String(version).padStart(20, '0')}.json`

/** A file per version from 1 on, and a checkpoint every ten. */
async function tableOf(versions: number, design: TableDesign = {}): Promise<MemoryStore> {
  const store = new MemoryStore()
  const table = await DeltaTable.openOrCreate(store, 't', schema, testPorts(), undefined, design)
  for (let version = 1; version <= versions; version++) {
    const file = { path: `of ${version}.parquet`, size: 10, modifiedMs: 1, rows: 1, stats: '{}', schema }
    await table.append({ txnId: `t${version}`, files: [{ ...file, schema: table.snapshot.schema }], txns: [] })
    await table.settled()
  }
  return store
}

async function cleaned(store: ObjectStore, below: number): Promise<void> {
  for (let version = 0; version < below; version++) await store.delete(entry(version))
}

const filesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `t/of ${i + 1}.parquet`)

describe('the history of a table', () => {
  test('has the files of each version, from checkpoints and without', async () => {
    for (const design of [{}, { properties: { 'delta.checkpointPolicy': 'v2' } }]) {
      const history = await TableHistory.open(await tableOf(23, design), 't')
      expect([history!.oldest, history!.newest]).toEqual([0, 23])
      for (const version of [0, 1, 9, 10, 11, 20, 22, 23])
        expect(await history!.filesAsOf(version)).toEqual(filesOf(version))
    }
  })

  test('goes back to the oldest checkpoint from which the log is whole', async () => {
    const store = await tableOf(23)
    await cleaned(store, 10)
    const history = await TableHistory.open(store, 't')
    expect(history!.oldest).toBe(10)
    expect(await history!.filesAsOf(10)).toEqual(filesOf(10))
    expect(await history!.filesAsOf(15)).toEqual(filesOf(15))
    await cleaned(store, 13)
    expect((await TableHistory.open(store, 't'))!.oldest).toBe(20)
  })

  test('refuses what is older, and what is not there yet, and says what there is', async () => {
    const store = await tableOf(12)
    await cleaned(store, 10)
    const history = (await TableHistory.open(store, 't'))!
    const place = { table: 't', oldest: 10, newest: 12 }
    const remedy = 'Give a version from 10 to 12.'
    await expect(history.filesAsOf(9)).rejects.toMatchObject({ code: 'OBJECT_MISSING', place, remedy })
    await expect(history.filesAsOf(9)).rejects.toThrow(/cleaned up/)
    await expect(history.filesAsOf(13)).rejects.toMatchObject({ code: 'OBJECT_MISSING', place, remedy })
    await expect(history.filesAsOf(13)).rejects.toThrow(/none yet/)
  })

  test('does without a damaged checkpoint where there is another way', async () => {
    const store = await tableOf(23)
    for await (const { path } of listAll(store, 't/_delta_log/'))
      if (path.includes('20.checkpoint')) await store.put(path, new TextEncoder().encode('damaged'))
    expect(await (await TableHistory.open(store, 't'))!.filesAsOf(22)).toEqual(filesOf(22))
    await cleaned(store, 20)
    await expect((await TableHistory.open(store, 't'))!.filesAsOf(22)).rejects.toMatchObject({ code: 'DATA_INVALID' })
  })

  test('tells when what it saw is cleaned away meanwhile', async () => {
    const store = await tableOf(5)
    const history = (await TableHistory.open(store, 't'))!
    await cleaned(store, 3)
    await expect(history.filesAsOf(4)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
  })

  test('is none where there is no table', async () => {
    expect(await TableHistory.open(new MemoryStore(), 't')).toBeUndefined()
  })
})
