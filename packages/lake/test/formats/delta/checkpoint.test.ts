import { describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { Logger } from '@sluice/sdk'
import { MemoryStore, listAll } from '@sluice/object-store'
import type { ObjectFacts, ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { DeltaTable, ParquetWriter, collectChunks, deltaSchemaOf } from '@sluice/lake'
import type { AppendRequest, ParquetColumn, ParquetType, TableDesign } from '@sluice/lake'
import type { Action } from '../../../src/formats/delta/actions.ts'
import { readCheckpoint } from '../../../src/formats/delta/checkpoint-read.ts'
import { checkpointStateOf, encodeCheckpoint } from '../../../src/formats/delta/checkpoint-write.ts'
import { DeltaLog } from '../../../src/formats/delta/log.ts'
import { cleanUpLog } from '../../../src/formats/delta/log-cleanup.ts'
import { Snapshot } from '../../../src/formats/delta/snapshot.ts'
import { readParquet } from '../../../src/parquet/reader/index.ts'
import { testPorts } from '../../support/ports.ts'
import type { TestPorts } from '../../support/ports.ts'

const FOLDER = 'orders/_delta_log/'
const DAY_MS = 86_400_000
const name = (version: number): string => String(version).padStart(20, '0')
const schema = deltaSchemaOf(struct({ id: primitive('int64') }))

function open(store: ObjectStore, ports: TestPorts = testPorts(), design: TableDesign = {}): Promise<DeltaTable> {
  return DeltaTable.openOrCreate(store, 'orders', schema, ports, undefined, design)
}

function request(table: DeltaTable, n: number): AppendRequest {
  const stats = '{"numRecords":1,"minValues":{"id":9007199254740993}}'
  const file = { path: `f${n}.parquet`, size: 10, modifiedMs: 1, rows: 1, stats, schema: table.snapshot.schema }
  return { txnId: `t${n}`, files: [file], txns: [{ appId: 'p0', version: n, expected: n === 1 ? undefined : n - 1 }] }
}

/** Appends from the version after the newest up to that one; each checkpoint is waited for. */
async function appendUntil(table: DeltaTable, last: number): Promise<void> {
  while (table.snapshot.version < last) {
    await table.append(request(table, table.snapshot.version + 1))
    await table.settled()
  }
}

/** A store whose clock is that one. What was written before it moved keeps its time. */
class TimedStore extends MemoryStore {
  readonly #ports: TestPorts
  constructor(ports: TestPorts) {
    super()
    this.#ports = ports
  }
  override async head(path: string): Promise<ObjectFacts | undefined> {
    const facts = await super.head(path)
    return facts && { ...facts, modifiedMs: this.#ports.clock.now() }
  }
}

async function namesIn(store: ObjectStore): Promise<string[]> {
  const names: string[] = []
  for await (const { path } of listAll(store, FOLDER)) names.push(path.slice(FOLDER.length))
  return names
}

const checkpointsIn = async (store: ObjectStore): Promise<number[]> =>
  (await namesIn(store)).filter((file) => file.includes('.checkpoint.')).map((file) => Number(file.slice(0, 20)))

const hintIn = async (store: ObjectStore): Promise<unknown> =>
  JSON.parse(new TextDecoder().decode(await store.get(`${FOLDER}_last_checkpoint`)))

function listener(): { readonly logger: Logger; readonly warnings: string[] } {
  const warnings: string[] = []
  const note = (): void => undefined
  const logger: Logger = {
    debug: note,
    info: note,
    error: note,
    warn: (message, fields) => void warnings.push(`${message}: ${String(fields?.['reason'])}`),
    child: () => logger,
  }
  return { logger, warnings }
}

test('a checkpoint gives back every action that the table still stands on, to the last digit', async () => {
  const deletionVector = { storageType: 'u', pathOrInlineDv: 'ab^-aqEH', offset: 4, sizeInBytes: 40, cardinality: 6 }
  const vectored = { path: 'b', partitionValues: {}, size: 2, modificationTime: 3, dataChange: false, deletionVector }
  const actions: Action[] = [
    { protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['x'], writerFeatures: ['x', 'y'] } },
    {
      metaData: {
        id: 'guid',
        name: 'n',
        description: 'd',
        format: { provider: 'parquet', options: { o: 'p' } },
        schemaString: '{"type":"struct","fields":[]}',
        partitionColumns: ['day'],
        configuration: { 'delta.appendOnly': 'true' },
        createdTime: 5,
      },
    },
    { txn: { appId: 'a', version: 9_223_372_036_854_775_807n, lastUpdated: 1_760_000_000_000 } },
    { txn: { appId: 'b', version: 7 } },
    { domainMetadata: { domain: 'theirs', configuration: '{"x":1}', removed: false } },
    {
      remove: {
        path: 'old',
        deletionTimestamp: 1_760_000_000_000,
        dataChange: true,
        extendedFileMetadata: true,
        partitionValues: { day: null },
        size: 9_007_199_254_740_991,
      },
    },
    {
      add: {
        path: 'day=2026-11-28/a%20b',
        partitionValues: { day: '2026-11-28' },
        size: 1,
        modificationTime: 2,
        dataChange: false,
        stats: '{"numRecords":1,"maxValues":{"d":12345678901234567890.12}}',
        tags: { t: 'u' },
        baseRowId: 9_007_199_254_740_993n,
        defaultRowCommitVersion: 4,
        clusteringProvider: 'c',
      },
    },
    { add: vectored },
  ]
  const snapshot = new Snapshot('t')
  snapshot.restart(41, actions)
  const { bytes, actions: count } = await encodeCheckpoint(checkpointStateOf(snapshot, 1_760_000_000_001))
  expect(count).toBe(actions.length)
  const store = new MemoryStore()
  await store.put('c.parquet', bytes)
  const read = await readCheckpoint(store, FOLDER, { version: 41, paths: ['c.parquet'] })
  expect(read).toEqual(actions)
})

describe('checkpoints of other forms', () => {
  const uuid = '3a0d65cd-4056-49b8-937b-95f9e3ee90e5'
  const version5 = `${FOLDER}${name(5)}`

  /** A checkpoint of the table, cut in two at that place among its actions. */
  async function halves(store: ObjectStore): Promise<readonly [Uint8Array, Uint8Array]> {
    const { snapshot } = await open(store)
    const state = checkpointStateOf(snapshot, 0)
    const adds = state.adds
    const one = await encodeCheckpoint({ ...state, adds: adds.slice(0, 2) })
    const other = await encodeCheckpoint({ ...state, adds: adds.slice(2), txns: [] })
    return [one.bytes, other.bytes]
  }

  /** Five commits, of which only the last one's name is left beside what `put` writes. */
  async function reopened(put: (store: MemoryStore) => Promise<void>): Promise<DeltaTable> {
    const store = new MemoryStore()
    await appendUntil(await open(store), 5)
    await put(store)
    for (let version = 0; version < 6; version++) await store.delete(`${FOLDER}${name(version)}.json`)
    return (await DeltaTable.open(store, 'orders', testPorts()))!
  }

  const told = ({ snapshot }: DeltaTable): unknown => [
    snapshot.version,
    [...snapshot.files].map(({ path }) => path),
    snapshot.txnVersion('p0'),
  ]
  const all = [5, ['f1.parquet', 'f2.parquet', 'f3.parquet', 'f4.parquet', 'f5.parquet'], 5]

  test('in parts, which older writers made', async () => {
    const table = await reopened(async (store) => {
      const parts = await halves(store)
      for (const [i, bytes] of parts.entries())
        await store.put(`${version5}.checkpoint.000000000${i + 1}.0000000002.parquet`, bytes)
    })
    expect(told(table)).toEqual(all)
  })

  test.each(['json', 'parquet'])('of version 2, with the files in sidecars, in %s', async (form) => {
    const table = await reopened(async (store) => {
      const parts = await halves(store)
      for (const [i, bytes] of parts.entries()) await store.put(`${FOLDER}_sidecars/s ${i}.parquet`, bytes)
      const sidecars = [0, 1].map((i) => ({
        sidecar: { path: `s%20${i}.parquet`, sizeInBytes: 1, modificationTime: 1 },
      }))
      const path = `${version5}.checkpoint.${uuid}.${form}`
      if (form === 'json') {
        const lines = [{ checkpointMetadata: { version: 5 } }, ...sidecars]
        const first = new TextDecoder().decode(await store.get(`${FOLDER}${name(0)}.json`))
        await store.put(
          path,
          new TextEncoder().encode(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n${first}`),
        )
      } else await store.put(path, await parquetOf(sidecars, parts[0]))
    })
    expect(told(table)).toEqual(all)
  })

  /** The rows of that checkpoint, and sidecars behind them. */
  async function parquetOf(sidecars: readonly object[], checkpoint: Uint8Array): Promise<Uint8Array> {
    const chunks = collectChunks()
    const text: ParquetType = { kind: 'string' }
    const optional = (type: ParquetType, column: string): ParquetColumn => ({ name: column, type, optional: true })
    const list: ParquetType = { kind: 'list', element: { type: text, optional: true } }
    const map: ParquetType = {
      kind: 'map',
      key: { type: text, optional: false },
      value: { type: text, optional: true },
    }
    const fields = [
      optional(text, 'path'),
      optional({ kind: 'int64' }, 'sizeInBytes'),
      optional({ kind: 'int64' }, 'modificationTime'),
    ]
    const versions = ['minReaderVersion', 'minWriterVersion'].map((column) => optional({ kind: 'int32' }, column))
    const metaData = [
      optional(text, 'id'),
      optional(text, 'schemaString'),
      optional(list, 'partitionColumns'),
      optional(map, 'configuration'),
    ]
    const writer = new ParquetWriter(
      [
        optional({ kind: 'struct', fields }, 'sidecar'),
        optional({ kind: 'struct', fields: versions }, 'protocol'),
        optional({ kind: 'struct', fields: metaData }, 'metaData'),
      ],
      { codec: 'zstd' },
      chunks.sink,
    )
    for await (const row of readParquet(checkpoint)) writer.appendRow(row)
    for (const sidecar of sidecars) writer.appendRow(sidecar as Record<string, unknown>)
    writer.finish()
    return chunks.bytes()
  }
})

test('what has expired is left out: removed files after a week, progress only where the table says so', () => {
  const now = 100 * DAY_MS
  const stateOf = (configuration: Record<string, string>): readonly unknown[] => {
    const snapshot = new Snapshot('t')
    snapshot.restart(1, [
      { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
      { metaData: { id: 'x', schemaString: '', partitionColumns: [], configuration } },
      ...[93.5, 92.5].map((day) => ({
        remove: { path: String(day), dataChange: true, deletionTimestamp: day * DAY_MS },
      })),
      { remove: { path: 'timeless', dataChange: true } },
      { txn: { appId: 'old', version: 1, lastUpdated: DAY_MS } },
      { txn: { appId: 'timeless', version: 1 } },
    ])
    const { removes, txns } = checkpointStateOf(snapshot, now)
    return [removes.map(({ path }) => path), txns.map(({ appId }) => appId)]
  }
  expect(stateOf({})).toEqual([['93.5'], ['old', 'timeless']])
  expect(
    stateOf({
      'delta.deletedFileRetentionDuration': 'interval 1 day',
      'delta.setTransactionRetentionDuration': 'interval 1 week 2 days',
    }),
  ).toEqual([[], ['timeless']])
  expect(stateOf({ 'delta.deletedFileRetentionDuration': 'interval 3 fortnights' })[0]).toEqual([
    '93.5',
    '92.5',
    'timeless',
  ])
})

describe('checkpoints beside the commits', () => {
  test('every tenth version gets one; who opens reads it and the commits behind it, nothing before', async () => {
    const below = new MemoryStore()
    await appendUntil(await open(below), 25)
    expect(await checkpointsIn(below)).toEqual([10, 20])
    expect(await hintIn(below)).toMatchObject({ version: 20, size: 23, numOfAddFiles: 20 })
    const store = new FaultyStore(below)
    const table = await DeltaTable.open(store, 'orders', testPorts())
    expect([table!.snapshot.version, table!.snapshot.fileCount, table!.snapshot.txnVersion('p0')]).toEqual([25, 25, 25])
    const read = store.calls.filter((call) => call.startsWith('get ')).map((call) => call.slice(4 + FOLDER.length))
    expect(read).toEqual([
      '_last_checkpoint',
      `${name(20)}.checkpoint.parquet`,
      ...[21, 22, 23, 24, 25].map((version) => `${name(version)}.json`),
    ])
  })

  test('the table says how often', async () => {
    const store = new MemoryStore()
    await appendUntil(await open(store, testPorts(), { properties: { 'delta.checkpointInterval': '3' } }), 7)
    expect(await checkpointsIn(store)).toEqual([3, 6])
  })

  test('one that fails is told and hurts no commit; the next one catches up', async () => {
    const store = new MemoryStore()
    const { logger, warnings } = listener()
    const faulty = new FaultyStore(store, [{ effect: 'refuse', on: 'putIfAbsent', path: /checkpoint/, times: 1 }])
    await appendUntil(await open(faulty, { ...testPorts(), logger } as TestPorts), 21)
    expect(warnings).toEqual([expect.stringContaining('tries again: The putIfAbsent of')])
    expect(await checkpointsIn(store)).toEqual([20])
  })

  test('a hint that could not be written leaves a checkpoint that is found all the same', async () => {
    const store = new MemoryStore()
    const faulty = new FaultyStore(store, [{ effect: 'refuse', on: 'put', path: /_last_checkpoint/, times: 9 }])
    await appendUntil(await open(faulty), 12)
    const again = new FaultyStore(store)
    expect((await DeltaTable.open(again, 'orders', testPorts()))!.snapshot.fileCount).toBe(12)
    expect(again.calls).not.toContain(`get ${FOLDER}${name(1)}.json`)
  })

  test('when the writers whose turn it is do not do it, another does', async () => {
    const store = new MemoryStore()
    const lazy = await open(store)
    await lazy.close()
    await appendUntil(lazy, 24)
    expect(await checkpointsIn(store)).toEqual([])
    await appendUntil(await open(store), 25)
    expect(await checkpointsIn(store)).toEqual([25])
  })

  test('a commit does not wait for it, and closing ends it', async () => {
    const store = new MemoryStore()
    const table = await open(new FaultyStore(store, [{ effect: 'none', on: 'putIfAbsent', path: /checkpoint/ }]))
    for (let n = 1; n <= 10; n++) await table.append(request(table, n))
    expect(await checkpointsIn(store)).toEqual([])
    await table.close()
    await table.append(request(table, 11))
    expect(await checkpointsIn(store)).toEqual([])
  })
})

describe('the clean-up of the log', () => {
  const nextYear = (ports: TestPorts): void => ports.clock.advance(Date.now() + 400 * DAY_MS - ports.clock.now())

  test('old commits leave, up to a checkpoint; every version since stays readable', async () => {
    const ports = testPorts()
    const store = new TimedStore(ports)
    const table = await open(store, ports)
    await appendUntil(table, 19)
    expect((await namesIn(store)).filter((file) => file.endsWith('.json'))).toHaveLength(20)
    nextYear(ports)
    await appendUntil(table, 23)
    expect(await namesIn(store)).toEqual([
      `${name(20)}.checkpoint.parquet`,
      ...[20, 21, 22, 23].map((version) => `${name(version)}.json`),
      '_last_checkpoint',
    ])
    const again = await open(store)
    expect([again.snapshot.fileCount, again.snapshot.txnVersion('p0')]).toEqual([23, 23])
  })

  test.each([
    [9, 0],
    [10, 10],
    [17, 10],
    [20, 20],
    [99, 20],
  ])('with all up to version %d old enough, the first that stays is %d: there is a checkpoint', async (old, first) => {
    const store = new MemoryStore()
    await appendUntil(await open(store, testPorts(), { properties: { 'delta.enableExpiredLogCleanup': 'false' } }), 25)
    /** The same objects, each as old as its version. */
    class Aged extends MemoryStore {
      override async *walk(prefix: string): AsyncGenerator<ObjectFacts, void, undefined> {
        for await (const facts of store.walk(prefix))
          yield { ...facts, modifiedMs: Number(/\d{20}/.exec(facts.path)?.[0]) }
      }
      override delete(path: string): Promise<void> {
        return store.delete(path)
      }
    }
    await cleanUpLog(new DeltaLog(new Aged(), 'orders'), old)
    expect((await namesIn(store)).find((file) => file.endsWith('.json'))).toBe(`${name(first)}.json`)
    expect((await open(store)).snapshot.fileCount).toBe(25)
  })

  test('not where the table forbids it, nor what is young', async () => {
    for (const properties of [
      { 'delta.enableExpiredLogCleanup': 'false' },
      { 'delta.logRetentionDuration': 'interval 9999 days' },
    ]) {
      const ports = testPorts()
      const store = new TimedStore(ports)
      const table = await open(store, ports, { properties })
      nextYear(ports)
      await appendUntil(table, 20)
      expect((await namesIn(store)).filter((file) => file.endsWith('.json'))).toHaveLength(21)
    }
  })

  test('not when only this process believes that they are old', async () => {
    const [store, ports] = [new MemoryStore(), testPorts()]
    const table = await open(store, ports)
    await appendUntil(table, 19)
    nextYear(ports)
    await appendUntil(table, 20)
    expect((await namesIn(store)).filter((file) => file.endsWith('.json'))).toHaveLength(21)
  })

  test('not behind a checkpoint that somebody else made, which may be damaged', async () => {
    const ports = testPorts()
    const store = new TimedStore(ports)
    const table = await open(store, ports)
    await appendUntil(table, 19)
    nextYear(ports)
    await store.put(`${FOLDER}${name(20)}.checkpoint.parquet`, new TextEncoder().encode('damaged'))
    await appendUntil(table, 20)
    expect((await namesIn(store)).filter((file) => file.endsWith('.json'))).toHaveLength(21)
    expect((await open(store)).snapshot.fileCount).toBe(20)
  })

  test('interrupted anywhere, it leaves a log without a gap', async () => {
    for (let nth = 1; nth <= 19; nth++) {
      const ports = testPorts()
      const store = new TimedStore(ports)
      const table = await open(new FaultyStore(store, [{ effect: 'refuse', on: 'delete', nth }]), ports)
      await appendUntil(table, 19)
      nextYear(ports)
      await appendUntil(table, 20)
      expect((await open(store)).snapshot.fileCount).toBe(20)
    }
  })

  test('a table that stood still while others cleaned up goes on from their checkpoint', async () => {
    const ports = testPorts()
    const store = new TimedStore(ports)
    const [table, still] = [await open(store, ports), await open(store)]
    await appendUntil(table, 19)
    nextYear(ports)
    await appendUntil(table, 22)
    const other = { ...request(still, 23), txns: [] }
    await still.refresh()
    expect(await still.append(other)).toBe(23)
    expect(still.snapshot.fileCount).toBe(23)
  })
})

describe('where the table asks for checkpoints of version 2', () => {
  const design: TableDesign = { properties: { 'delta.checkpointPolicy': 'v2' } }
  const sidecarsIn = async (store: ObjectStore): Promise<string[]> =>
    (await namesIn(store)).filter((file) => file.startsWith('_sidecars/'))

  test('the files stand in sidecars, all else at the top, and readers must have the feature', async () => {
    const store = new MemoryStore()
    const table = await open(store, testPorts(), design)
    await appendUntil(table, 12)
    expect(table.snapshot.protocol).toMatchObject({ minReaderVersion: 3, readerFeatures: ['v2Checkpoint'] })
    expect((await namesIn(store)).filter((file) => file.includes('checkpoint.'))).toEqual([
      expect.stringMatching(/^0{18}10\.checkpoint\.[0-9a-f-]{36}\.json$/),
    ])
    expect(await sidecarsIn(store)).toHaveLength(1)
    for (let version = 0; version < 10; version++) await store.delete(`${FOLDER}${name(version)}.json`)
    const again = await DeltaTable.open(store, 'orders', testPorts())
    expect([again!.snapshot.fileCount, again!.snapshot.txnVersion('p0')]).toEqual([12, 12])
  })

  test('the clean-up takes the sidecars that nobody names any more, and leaves those that others share', async () => {
    const ports = testPorts()
    const store = new TimedStore(ports)
    const table = await open(store, ports, design)
    await appendUntil(table, 19)
    const [old] = await sidecarsIn(store)
    const shared = `${FOLDER}_sidecars/shared.parquet`
    await store.put(shared, await store.get(`${FOLDER}${old!}`))
    const line = new TextEncoder().encode(
      '{"sidecar":{"path":"shared.parquet","sizeInBytes":1,"modificationTime":1}}\n',
    )
    for (const version of [11, 30])
      await store.put(
        `${FOLDER}${name(version)}.checkpoint.3a0d65cd-4056-49b8-937b-95f9e3ee90e${version % 10}.json`,
        line,
      )
    ports.clock.advance(Date.now() + 400 * DAY_MS - ports.clock.now())
    await appendUntil(table, 20)
    const left = await sidecarsIn(store)
    expect(left).toHaveLength(2)
    expect(left).not.toContain(old)
    expect(left).toContain('_sidecars/shared.parquet')
    expect((await namesIn(store)).filter((file) => /^\d+\.json$/.test(file))).toEqual([`${name(20)}.json`])
  })
})
