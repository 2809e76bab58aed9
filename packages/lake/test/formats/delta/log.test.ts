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

  test('checksums, compactions, sidecars and a corrupt _last_checkpoint do no harm', async () => {
    const store = await storeWith([create, add('a'), add('b')])
    await store.put(`${name(1)}.crc`, text('{}'))
    await store.put(`${name(0)}.${String(1).padStart(20, '0')}.compacted.json`, text(add('a')))
    await store.put('t/_delta_log/_last_checkpoint', text('garbage'))
    await store.put('t/_delta_log/_sidecars/x.parquet', text('not read'))
    const snapshot = new Snapshot('t')
    await new DeltaLog(store, 't').replay(snapshot)
    expect(paths(snapshot)).toEqual(['a', 'b'])
  })

  describe('with a checkpoint', () => {
    const uuid = '3a0d65cd-4056-49b8-937b-95f9e3ee90e5'
    const checkpoint = `${name(2)}.checkpoint.${uuid}.json`
    /** Versions 0 to 4; a checkpoint of version 2 holds the files x and y, which no commit names: who shows them has read it. */
    async function stored(): Promise<MemoryStore> {
      const store = await storeWith([create, add('a'), add('b'), add('c'), `${remove('y')}\n${add('d')}`])
      await store.put(
        checkpoint,
        text(`${create}\n${add('x')}\n${add('y')}\n{"txn":{"appId":"p0","version":9223372036854775807}}`),
      )
      return store
    }
    const hint = (store: MemoryStore, version: number): Promise<void> =>
      store.put('t/_delta_log/_last_checkpoint', text(JSON.stringify({ version, size: 4, unknown: {} })))

    test.each([
      ['no hint', async () => undefined],
      ['a hint that is right', (store: MemoryStore) => hint(store, 2)],
      ['a stale hint at a checkpoint that is gone', (store: MemoryStore) => hint(store, 1)],
      ['a hint beyond the newest version', (store: MemoryStore) => hint(store, 70)],
      ['a torn hint', (store: MemoryStore) => store.put('t/_delta_log/_last_checkpoint', text('{"versi'))],
      [
        'a hint that is no number',
        (store: MemoryStore) => store.put('t/_delta_log/_last_checkpoint', text('{"version":"2"}')),
      ],
    ])('it begins there and goes on by commits: %s', async (_, prepare) => {
      const below = await stored()
      await prepare(below)
      const store = new FaultyStore(below)
      const snapshot = new Snapshot('t')
      await new DeltaLog(store, 't').replay(snapshot)
      expect([snapshot.version, paths(snapshot)]).toEqual([4, ['x', 'c', 'd']])
      expect(snapshot.txnVersion('p0')).toBe(9_223_372_036_854_775_807n)
      expect(store.calls).not.toContain(`get ${name(1)}.json`)
    })

    test('a right hint lists from there on', async () => {
      const below = await stored()
      await hint(below, 2)
      const store = new FaultyStore(below)
      await new DeltaLog(store, 't').replay(new Snapshot('t'))
      expect(store.calls.filter((call) => call.startsWith('list'))).toHaveLength(1)
    })

    test('it stands in for commits that were cleaned away, also for who was away meanwhile', async () => {
      const store = await stored()
      const old = new Snapshot('t')
      old.apply(0, [
        { txn: { appId: 'gone', version: 1 } },
        { domainMetadata: { domain: 'gone', configuration: '', removed: false } },
        { remove: { path: 'gone', dataChange: true } },
      ])
      for (const version of [0, 1, 2]) await store.delete(`${name(version)}.json`)
      for (const snapshot of [new Snapshot('t'), old]) {
        await new DeltaLog(store, 't').replay(snapshot)
        expect([snapshot.version, paths(snapshot)]).toEqual([4, ['x', 'c', 'd']])
        expect([snapshot.txnVersion('gone'), snapshot.domain('gone')]).toEqual([undefined, undefined])
        expect([...snapshot.tombstones].map(({ path }) => path)).toEqual(['y'])
      }
    })

    test('a log cleaned up between the listing and the reads is looked at again', async () => {
      const below = await storeWith([create, add('a'), add('b'), add('c')])
      const store = new FaultyStore(below, [
        {
          effect: 'none',
          on: 'get',
          path: /0\.json$/,
          meanwhile: async () => {
            await below.put(checkpoint, text(`${create}\n${add('x')}`))
            for (const version of [0, 1, 2]) await below.delete(`${name(version)}.json`)
          },
        },
      ])
      const snapshot = new Snapshot('t')
      await new DeltaLog(store, 't').replay(snapshot)
      expect([snapshot.version, paths(snapshot)]).toEqual([3, ['x', 'c']])
    })

    test('a damaged one is passed over while the commits are there, and named when they are not', async () => {
      for (const bytes of ['{"add":{"pa', add('x'), '{"add":{"size":1}}']) {
        const store = await stored()
        await store.put(checkpoint, text(bytes))
        const snapshot = new Snapshot('t')
        await new DeltaLog(store, 't').replay(snapshot)
        expect(paths(snapshot)).toEqual(['a', 'b', 'c', 'd'])
        await store.delete(`${name(0)}.json`)
        await expect(new DeltaLog(store, 't').replay(new Snapshot('t'))).rejects.toMatchObject({
          code: 'DATA_INVALID',
          place: { file: checkpoint },
          retriable: false,
        })
      }
    })

    test('a multi-part one with a part missing does not count', async () => {
      const store = await stored()
      await store.put(`${name(3)}.checkpoint.0000000001.0000000002.parquet`, text('x'))
      const snapshot = new Snapshot('t')
      await new DeltaLog(store, 't').replay(snapshot)
      expect(paths(snapshot)).toEqual(['x', 'c', 'd'])
    })

    test('a sidecar that is missing is named', async () => {
      const store = await stored()
      await store.put(
        checkpoint,
        text(`${create}\n{"sidecar":{"path":"s%20s.parquet","sizeInBytes":1,"modificationTime":1}}`),
      )
      await store.delete(`${name(0)}.json`)
      await expect(new DeltaLog(store, 't').replay(new Snapshot('t'))).rejects.toMatchObject({
        code: 'DATA_INVALID',
        place: { file: 't/_delta_log/_sidecars/s s.parquet' },
      })
    })
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
