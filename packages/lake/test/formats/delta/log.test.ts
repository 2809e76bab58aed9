import { describe, expect, test } from '@jest/globals'
import { MemoryStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { DeltaLog } from '../../../src/formats/delta/log.ts'
import { Snapshot } from '../../../src/formats/delta/snapshot.ts'

const name = (version: number): string => `t/_delta_log/${String(version).padStart(20, '0')}`
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const create =
  '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n' +
  '{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[]}","partitionColumns":[],"configuration":{}}}'
const add = (path: string): string =>
  `{"add":{"path":"${path}","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}`
const remove = (path: string): string => `{"remove":{"path":"${path}","dataChange":true}}`

async function storeWith(versions: readonly string[]): Promise<MemoryStore> {
  const store = new MemoryStore()
  for (const [version, content] of versions.entries()) await store.put(`${name(version)}.json`, text(content))
  return store
}

const paths = (snapshot: Snapshot): string[] => Array.from(snapshot.files, (file) => file.path)

describe('replaying a log', () => {
  test('the newest word on each file and each appId holds', async () => {
    const store = await storeWith([
      create,
      `${add('a')}\n${add('b')}\n{"txn":{"appId":"x","version":1}}`,
      `${remove('a')}\n${add('c')}\n{"txn":{"appId":"x","version":2}}\n{"txn":{"appId":"y","version":9}}`,
      `${remove('c')}\n${add('a')}`,
    ])
    const snapshot = new Snapshot('t')
    expect(await new DeltaLog(store, 't').replay(snapshot)).toBe(true)
    expect(paths(snapshot)).toEqual(['b', 'a'])
    expect([snapshot.version, snapshot.txnVersion('x'), snapshot.txnVersion('y'), snapshot.txnVersion('z')]).toEqual([
      3,
      2,
      9,
      undefined,
    ])
  })

  test('later replays read only what is new', async () => {
    const below = await storeWith([create, add('a')])
    const store = new FaultyStore(below)
    const [log, snapshot] = [new DeltaLog(store, 't'), new Snapshot('t')]
    await log.replay(snapshot)
    await below.put(`${name(2)}.json`, text(add('b')))
    store.calls.length = 0
    await log.replay(snapshot)
    expect(paths(snapshot)).toEqual(['a', 'b'])
    expect(store.calls).toEqual(['list t/_delta_log/', `get ${name(2)}.json`])
    store.calls.length = 0
    await log.replay(snapshot)
    expect(store.calls).toEqual(['list t/_delta_log/'])
  })

  test('hundreds of versions, over many pages of reads', async () => {
    const store = await storeWith([create, ...Array.from({ length: 250 }, (_, i) => add(`f${i}`))])
    const snapshot = new Snapshot('t')
    await new DeltaLog(store, 't').replay(snapshot)
    expect(snapshot.version).toBe(250)
    expect(snapshot.fileCount).toBe(250)
  })

  test('no log, no table; other files in the folder say nothing', async () => {
    const store = new MemoryStore()
    await store.put('t/part-0.parquet', text('x'))
    await store.put('t/_delta_log/.tmp', text('x'))
    await store.put('t/_delta_log/_last_checkpoint', text('{'))
    await store.put('tt/_delta_log/00000000000000000000.json', text(create))
    expect(await new DeltaLog(store, 't').replay(new Snapshot('t'))).toBe(false)
  })

  test('checkpoints, checksums, compactions and a corrupt _last_checkpoint do no harm while the commits are there', async () => {
    const store = await storeWith([create, add('a'), add('b')])
    await store.put(`${name(1)}.checkpoint.parquet`, text('not read'))
    await store.put(`${name(1)}.crc`, text('{}'))
    await store.put(`${name(0)}.${String(1).padStart(20, '0')}.compacted.json`, text(add('a')))
    await store.put('t/_delta_log/_last_checkpoint', text('garbage'))
    await store.put('t/_delta_log/_sidecars/x.parquet', text('not read'))
    const snapshot = new Snapshot('t')
    await new DeltaLog(store, 't').replay(snapshot)
    expect(paths(snapshot)).toEqual(['a', 'b'])
  })

  test.each([
    `${name(2)}.checkpoint.parquet`,
    `${name(2)}.checkpoint.0000000001.0000000002.parquet`,
    `${name(2)}.checkpoint.abc.json`,
  ])('old commits that only a checkpoint holds are refused by that name: %s', async (checkpoint) => {
    const store = await storeWith([create, add('a'), add('b'), add('c')])
    await store.delete(`${name(0)}.json`)
    await store.put(checkpoint, text('x'))
    const refused = new DeltaLog(store, 't').replay(new Snapshot('t'))
    await expect(refused).rejects.toMatchObject({ code: 'TABLE_UNSUPPORTED', retriable: false })
    await expect(refused).rejects.toThrow('the checkpoint of version 2, and Parquet checkpoints are not read yet')
  })

  test('a missing version, a torn commit and a log without protocol are errors that say where', async () => {
    const gap = await storeWith([create, add('a'), add('b')])
    await gap.delete(`${name(1)}.json`)
    await expect(new DeltaLog(gap, 't').replay(new Snapshot('t'))).rejects.toThrow('lacks version 1')

    const torn = await storeWith([create, `${add('a')}\n{"add":{"pa`])
    await expect(new DeltaLog(torn, 't').replay(new Snapshot('t'))).rejects.toMatchObject({
      code: 'DATA_INVALID',
      place: { file: `${name(1)}.json`, line: 2 },
    })

    const bare = new Snapshot('t')
    await new DeltaLog(await storeWith([add('a')]), 't').replay(bare)
    expect(() => bare.protocol).toThrow('The log of table t has no protocol')
    expect(() => bare.schema).toThrow('The log of table t has no metaData')
  })
})
