import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MemoryStore, type ObjectStore } from '@sluice/object-store'
import { silentLogger, type Logger } from '@sluice/sdk'
import { LmdbState } from '../../../src/state/lmdb/lmdb-state.ts'
import { adoptState } from '../../../src/state/lmdb/state-directory.ts'
import { newestUsable, readFile, readRows, type Wanted } from '../../../src/state/snapshots/read-snapshot.ts'
import { SnapshotCatalogue } from '../../../src/state/snapshots/snapshot-catalogue.ts'
import { encodeManifest } from '../../../src/state/snapshots/snapshot-manifest.ts'
import type { StateCut } from '../../../src/state/snapshots/state-cut.ts'
import { writeSnapshot } from '../../../src/state/snapshots/write-snapshot.ts'
import type { StoreRow } from '../../../src/state/store-context.ts'
import type { TimestampedKeyValueStore } from '../../../src/state/stores.ts'
import { base } from '../definitions.ts'
import { TestContext } from '../test-context.ts'

const TABLE = { ...base(), kind: 'timestampedKeyValue' } as const
const TOPIC = 'app-store-changelog'
const WANTED: Wanted = {
  application: 'app',
  task: '0_0',
  cluster: 'c1',
  notBeforeMs: 0,
  stores: [
    { name: 'store', shape: 'timestampedKeyValue', isOnDisk: true, changelog: { topic: TOPIC, begin: 0, end: 1_000 } },
  ],
}
const FACTS = {
  application: 'app',
  task: '0_0',
  cluster: 'c1',
  takenAtMs: 5_000,
  sources: [],
  changelogOf: () => TOPIC,
}
const never = new AbortController().signal

const OWNER = { application: 'app', task: '0_0' }
const IN_MEMORY: Wanted = { ...WANTED, stores: [{ ...WANTED.stores[0]!, isOnDisk: false }] }

/**
 * What snapshots of a task are in any object store: written, found, brought back, passed over with the reason, and deleted when they are old.
 * @param open a store with nothing in it
 */
export function testSnapshots(open: () => ObjectStore): void {
  let directory = ''
  let objects: ObjectStore = new MemoryStore()
  let catalogue = new SnapshotCatalogue(objects, 'app', '0_0')
  let reasons: string[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (_message, facts) => reasons.push(String(facts?.['reason'])),
  }

  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-snapshots-'))
    objects = open()
    catalogue = new SnapshotCatalogue(objects, 'app', '0_0')
    reasons = []
  })

  afterEach(() => {
    fs.rmSync(directory, { recursive: true })
  })

  describe('a state on disk', () => {
    test('comes back from its snapshot as it was at the cut, with the position of its changelog', async () => {
      const state = opened('one')
      const table = filled(state, 3_000, 'cut')
      state.commit(new Map([['store', 77]]))
      await write(cutOf(state))
      table.put('key 1', 'behind the cut', 9)
      state.commit(new Map([['store', 78]]))
      await state.close()

      const found = await newestUsable(catalogue, WANTED, new Set(), logger, never)
      await adopted(found!)
      const other = opened('two')
      const copy = other.store(TABLE, new TestContext()) as unknown as TimestampedKeyValueStore<string, string>
      expect(other.position(TABLE)).toBe(77)
      expect(copy.get('key 1')).toEqual({ value: 'cut 1', timestamp: 1 })
      expect([...copy.all()]).toHaveLength(3_000)
      await other.close()
    })

    test('is copied while it is written: the copy is one commit, whole', async () => {
      const state = opened('one')
      const table = filled(state, 2_000, 'first')
      state.commit(new Map([['store', 1]]))
      const copied = state.copyTo(path.join(directory, 'copy'))
      for (let commit = 2; commit < 30; commit++) {
        for (let i = 0; i < 200; i++) table.put(`key ${i}`, `commit ${commit}`, commit)
        state.commit(new Map([['store', commit]]))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await copied
      await state.close()
      await adoptState(path.join(directory, 'two'), OWNER, { store: 'timestampedKeyValue' }, (file) =>
        fs.promises.copyFile(path.join(directory, 'copy'), file),
      )
      const other = opened('two')
      const copy = other.store(TABLE, new TestContext()) as unknown as TimestampedKeyValueStore<string, string>
      const position = other.position(TABLE)!
      const values = new Set(Array.from({ length: 200 }, (_, i) => copy.get(`key ${i}`)!.timestamp))
      expect([...values]).toEqual(position === 1 ? Array.from({ length: 200 }, (_, i) => i) : [position])
      await other.close()
    })

    test('that was closed before it could be copied says so, and nothing is published', async () => {
      const state = opened('one')
      filled(state, 1, 'x')
      const cut = cutOf(state)
      await state.close()
      await expect(write(cut)).rejects.toMatchObject({ code: 'INTERRUPTED' })
      expect(await catalogue.numbers()).toEqual([])
    })

    test('that is half brought back is none: the next start finds nothing', async () => {
      await expect(
        adoptState(path.join(directory, 'two'), OWNER, { store: 'timestampedKeyValue' }, async (file) => {
          await fs.promises.writeFile(file, 'half')
          throw new Error('the connection is gone')
        }),
      ).rejects.toThrow('the connection is gone')
      const state = opened('two')
      state.store(TABLE, new TestContext())
      expect(state.position(TABLE)).toBeNull()
      await state.close()
    })
  })

  describe('a snapshot is passed over, with its reason, and the next older one is used, when', () => {
    const cases: readonly (readonly [string, string, Partial<Wanted>])[] = [
      ['its changelog begins behind it', 'too old', { stores: changelog({ begin: 78 }) }],
      ['its changelog ends before it', 'ahead', { stores: changelog({ end: 76 }) }],
      ['it was taken too long ago', 'too old', { notBeforeMs: 5_001 }],
      ['its offsets are those of another cluster', 'foreign', { cluster: 'c2' }],
      ['the store is another now', 'foreign', { stores: [{ ...WANTED.stores[0]!, shape: 'keyValue' }] }],
      ['the store is in memory now', 'foreign', { stores: [{ ...WANTED.stores[0]!, isOnDisk: false }] }],
      ['it has none of the stores', 'foreign', { stores: [{ ...WANTED.stores[0]!, name: 'other' }] }],
      ['the changelog is another now', 'foreign', { stores: changelog({ topic: 'other' }) }],
    ]
    test.each(cases)('%s: %s', async (_, why, changed) => {
      await write(await rowsCut())
      const wanted = { ...WANTED, ...changed }
      expect(await newestUsable(catalogue, wanted, new Set(), logger, never)).toBeNull()
      expect(reasons).toEqual([expect.stringContaining(`A snapshot is ${why}: `)])
    })

    test('its manifest is cut short, changed, of another format, or another application’s', async () => {
      await write(await rowsCut())
      const { manifest } = (await newestUsable(catalogue, WANTED, new Set(), logger, never))!
      const put = (number: number, bytes: Uint8Array): Promise<void> =>
        objects.put(`app/0_0/${String(number).padStart(12, '0')}.json`, bytes)
      const good = encodeManifest(manifest)
      await put(2, good.subarray(0, good.length / 2))
      await put(3, Buffer.from(good.toString().replace(TOPIC, 'app-other-changelog')))
      await put(4, encodeManifest({ ...manifest, format: 2 }))
      await put(5, encodeManifest({ ...manifest, application: 'other' }))
      const found = await newestUsable(catalogue, WANTED, new Set(), logger, never)
      expect(found!.number).toBe(1)
      expect(reasons.map((reason) => /A snapshot is (\w+)/.exec(reason)![1])).toEqual([
        'foreign',
        'format',
        'corrupted',
        'torn',
      ])
    })
  })

  describe('objects of a snapshot', () => {
    test.each([
      ['missing', 'torn', (_bytes: Uint8Array) => null],
      ['cut short', 'torn', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
      ['changed in one bit', 'corrupted', (bytes: Uint8Array) => flipped(bytes)],
    ])('that are %s are found out: %s', async (_, why, harm) => {
      const state = opened('one')
      filled(state, 3_000, 'x')
      state.commit(new Map([['store', 77]]))
      await write(cutOf(state))
      await state.close()
      const found = (await newestUsable(catalogue, WANTED, new Set(), logger, never))!
      const object = `app/0_0/${found.manifest.file![0]!.object}`
      const harmed = harm(await objects.get(object))
      if (harmed === null) await objects.delete(object)
      else await objects.put(object, harmed)
      const read = readFile(found, catalogue, path.join(directory, 'file'), never)
      await expect(read).rejects.toMatchObject({ code: 'SNAPSHOT_UNUSABLE', place: { why } })
    })

    test('are of bounded size, whatever the state, and rows that are larger than a frame are whole', async () => {
      const large = Buffer.alloc(3_000_000, 'l')
      const rows = Array.from({ length: 15 }, (_, i): StoreRow => {
        return { key: Buffer.from(`k${i}`), value: i % 5 === 4 ? null : large, timestamp: i }
      })
      await write(memoryCut(rows))
      const found = (await newestUsable(catalogue, IN_MEMORY, new Set(), logger, never))!
      expect(found.manifest.stores['store']!.rows!.every(({ rawBytes }) => rawBytes < 16_777_216 + 4_000_000)).toBe(
        true,
      )
      const read: StoreRow[] = []
      for await (const some of readRows(found, 'store', catalogue, never)) read.push(...some)
      expect(
        read.map(({ key, value, timestamp }) => [Buffer.from(key).toString(), value?.length ?? null, timestamp]),
      ).toEqual(rows.map(({ value, timestamp }, i) => [`k${i}`, value?.length ?? null, timestamp]))
    })
  })

  describe('of the snapshots of a task', () => {
    test('the newest are kept, the others go with all their objects, and so do attempts that came to nothing', async () => {
      for (let i = 0; i < 4; i++) await write(memoryCut([row('k', String(i))]))
      await objects.put('app/0_0/000000000003-interrupted/0', Buffer.from('x'))
      await objects.put('app/0_0/000000000005-underway/0', Buffer.from('x'))
      await catalogue.prune(2)
      expect(await catalogue.numbers()).toEqual([4, 3])
      const names = (await objects.list('')).objects.map(({ path: name }) => name.replace(/-[0-9a-f]{8}\//, '-id/'))
      expect(names).toEqual([
        'app/0_0/000000000003-id/0',
        'app/0_0/000000000003.json',
        'app/0_0/000000000004-id/0',
        'app/0_0/000000000004.json',
        'app/0_0/000000000005-underway/0',
      ])
    })

    test('of two that are taken at a time under one number one is given up, and the other is whole', async () => {
      const both = await Promise.all([write(memoryCut([row('k', 'a')])), write(memoryCut([row('k', 'b')]))])
      expect(both.filter((one) => one === null)).toHaveLength(1)
      const found = (await newestUsable(catalogue, IN_MEMORY, new Set(), logger, never))!
      for await (const [only] of readRows(found, 'store', catalogue, never))
        expect(['a', 'b']).toContain(Buffer.from(only!.value!).toString())
    })
  })

  function opened(name: string): LmdbState {
    return new LmdbState({ directory: path.join(directory, name), ...OWNER })
  }

  function filled(state: LmdbState, rows: number, value: string): TimestampedKeyValueStore<string, string> {
    const table = state.store(TABLE, new TestContext()) as unknown as TimestampedKeyValueStore<string, string>
    for (let i = 0; i < rows; i++) table.put(`key ${i}`, `${value} ${i}`, i)
    return table
  }

  function cutOf(state: LmdbState): StateCut {
    const store = { name: 'store', shape: 'timestampedKeyValue', position: 77, image: null }
    return { stores: [store], copyTo: (file) => state.copyTo(file) }
  }

  async function rowsCut(): Promise<StateCut> {
    const state = opened('rows')
    filled(state, 1, 'x')
    state.commit(new Map([['store', 77]]))
    const file = path.join(directory, 'rows.copy')
    await state.copyTo(file)
    await state.close()
    return { ...cutOf(state), copyTo: (to) => fs.promises.copyFile(file, to) }
  }

  function write(cut: StateCut): ReturnType<typeof writeSnapshot> {
    return writeSnapshot(cut, FACTS, catalogue, path.join(directory, 'copy.mdb'), never)
  }

  async function adopted(found: Parameters<typeof readFile>[0]): Promise<void> {
    await adoptState(path.join(directory, 'two'), OWNER, { store: 'timestampedKeyValue' }, (file) =>
      readFile(found, catalogue, file, never),
    )
  }
}

function changelog(changed: { topic?: string; begin?: number; end?: number }): Wanted['stores'] {
  const [only] = WANTED.stores
  return [{ ...only!, changelog: { ...only!.changelog!, ...changed } }]
}

function memoryCut(rows: readonly StoreRow[]): StateCut {
  const image = { rows, counters: { time: -Infinity, sequence: 3 } }
  return { stores: [{ name: 'store', shape: 'timestampedKeyValue', position: 77, image }], copyTo: null }
}

function row(key: string, value: string): StoreRow {
  return { key: Buffer.from(key), value: Buffer.from(value), timestamp: 0 }
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[copy.length >> 1]! ^= 1
  return copy
}
