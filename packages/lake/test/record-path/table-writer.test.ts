import { describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { Logger, StructSchema } from '@sluice/sdk'
import { MemoryStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import type { Fault } from '@sluice/object-store/testing'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'
import type { Lane, TableWriterOptions } from '@sluice/lake'
import { testPorts } from '../support/ports.ts'
import type { TestPorts } from '../support/ports.ts'
import { query, readLog, readTxns } from '../support/table-state.ts'

const events = struct({
  partition: primitive('int32'),
  offset: primitive('int64'),
  note: primitive('string', { optional: true }),
})
const OPTIONS: TableWriterOptions = {
  rowsMax: 1_000_000,
  bytesMax: 64_000_000,
  ageMaxMs: 60_000,
  idleMaxMs: 600_000,
  parquet: { codec: 'snappy' },
}
const DATA = /\.parquet$/
const COMMIT = /_delta_log\/\d{20}\.json$/

interface Opened {
  readonly writer: TableWriter
  readonly ports: TestPorts
}

async function open(
  store: ObjectStore,
  options: Partial<TableWriterOptions> = {},
  schema: StructSchema = events,
): Promise<Opened> {
  const ports = testPorts()
  const table = await DeltaTable.openOrCreate(store, 'events', deltaSchemaOf(schema), ports)
  return { writer: new TableWriter(table, store, { ...OPTIONS, ...options }, ports), ports }
}

const laneOf = (writer: TableWriter, partition: number): Lane => writer.lane(`p${partition}`, `events-${partition}`)

/** Appends the partition's rows with these offsets, both ends included; those the lane has already are offered as well. */
function feed(writer: TableWriter, partition: number, from: number, to: number): void {
  const lane = laneOf(writer, partition)
  for (let offset = from; offset <= to; offset++) writer.append(lane, offset, { partition, offset, note: `n${offset}` })
}

/** Every row there is, as `partition/offset`, in order; DuckDB reads the files that the log lists. */
async function rowsIn(store: ObjectStore): Promise<string[]> {
  const rows = await query(
    store,
    'events',
    `select "partition" || '/' || "offset" as at from $files order by "partition", "offset"`,
  )
  return rows.map((row) => row['at'] as string)
}

const expected = (...ends: number[]): string[] =>
  ends.flatMap((end, partition) => Array.from({ length: end + 1 }, (_, offset) => `${partition}/${offset}`))

describe('rows become a table', () => {
  test('one commit holds the rows and the progress of all partitions', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    feed(writer, 0, 0, 9)
    feed(writer, 1, 0, 4)
    await writer.commit()
    expect(await rowsIn(store)).toEqual(expected(9, 4))
    const log = await readLog(store, 'events')
    expect(log).toHaveLength(2)
    expect(log[1]!.map((action) => Object.keys(action)[0])).toEqual(['commitInfo', 'txn', 'txn', 'add'])
    expect(log[1]![0]!['commitInfo']!['offsets']).toEqual({ 'events-0': [0, 9], 'events-1': [0, 4] })
    expect(await readTxns(store, 'events')).toEqual({ p0: 9, p1: 4 })
    expect(JSON.parse(log[1]![3]!['add']!['stats'] as string)).toEqual({
      numRecords: 15,
      minValues: { partition: 0, offset: 0, note: 'n0' },
      maxValues: { partition: 1, offset: 9, note: 'n9' },
      nullCount: { partition: 0, offset: 0, note: 0 },
    })
  })

  test('each commit says how many rows of each partition are in it, skipped offsets left out', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    feed(writer, 0, 0, 4)
    writer.pass(laneOf(writer, 0), 9)
    await writer.commit()
    feed(writer, 0, 10, 11)
    feed(writer, 1, 0, 0)
    await writer.commit()
    const infos = (await readLog(store, 'events')).slice(1).map(([first]) => first!['commitInfo'])
    expect(infos.map((info) => [info!['offsets'], info!['rows']])).toEqual([
      [{ 'events-0': [0, 9] }, { 'events-0': 5 }],
      [
        { 'events-0': [10, 11], 'events-1': [0, 0] },
        { 'events-0': 2, 'events-1': 1 },
      ],
    ])
  })

  test('offsets that were taken before are skipped: from this writer, and after a restart from the table', async () => {
    const store = new MemoryStore()
    const first = await open(store)
    feed(first.writer, 0, 0, 5)
    feed(first.writer, 0, 3, 8)
    await first.writer.commit()
    const second = await open(store)
    expect(laneOf(second.writer, 0).committed).toBe(8)
    feed(second.writer, 0, 0, 11)
    await second.writer.commit()
    expect(await rowsIn(store)).toEqual(expected(11))
    expect(first.ports.metrics.value('sluice_lake_rows_skipped_total', { table: 'events' })).toBe(3)
    expect(second.ports.metrics.value('sluice_lake_rows_skipped_total', { table: 'events' })).toBe(9)
    expect(second.ports.metrics.value('sluice_lake_rows_total', { table: 'events' })).toBe(3)
  })

  test('offsets may have gaps, as in transactional and compacted topics', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    for (const offset of [3, 7, 8, 100]) feed(writer, 0, offset, offset)
    await writer.commit()
    expect(await rowsIn(store)).toEqual(['0/3', '0/7', '0/8', '0/100'])
    expect((await readLog(store, 'events'))[1]![0]!['commitInfo']!['offsets']).toEqual({ 'events-0': [3, 100] })
  })

  test('a row that does not fit is refused by its column and leaves no trace', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    const lane = laneOf(writer, 0)
    feed(writer, 0, 0, 0)
    expect(() => writer.append(lane, 1, { partition: 'x', offset: 1 })).toThrow('partition')
    expect(lane.taken).toBe(0)
    writer.pass(lane, 1)
    feed(writer, 0, 2, 2)
    await writer.commit()
    expect(await rowsIn(store)).toEqual(['0/0', '0/2'])
    expect(await readTxns(store, 'events')).toEqual({ p0: 2 })
  })

  test('nothing moved, nothing written', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    laneOf(writer, 0)
    await writer.commit()
    feed(writer, 0, 0, 3)
    await writer.commit()
    await writer.commit()
    feed(writer, 0, 0, 3)
    await writer.commit()
    expect(await readLog(store, 'events')).toHaveLength(2)
  })
})

describe('a writer that was given up', () => {
  const givenUp = { code: 'INTERRUPTED', retriable: true }

  test('commits no progress, for its rows are gone', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    feed(writer, 0, 0, 9)
    writer.abandon()
    await expect(writer.commit()).rejects.toMatchObject(givenUp)
    expect(await readTxns(store, 'events')).toEqual({})
  })

  test('not even that of a commit that was under way', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    feed(writer, 0, 0, 9)
    const put = store.put.bind(store)
    store.put = async (...call) => {
      writer.abandon()
      await put(...call)
    }
    await expect(writer.commit()).rejects.toMatchObject(givenUp)
    expect(await readTxns(store, 'events')).toEqual({})
  })
})

describe('when it is time', () => {
  test('to commit: by rows, by age, by bytes', async () => {
    const store = new MemoryStore()
    const { writer, ports } = await open(store, { rowsMax: 10, ageMaxMs: 1000, bytesMax: 100_000 })
    feed(writer, 0, 0, 8)
    expect(writer.due).toBe(false)
    feed(writer, 0, 9, 9)
    expect(writer.due).toBe(true)
    await writer.commit()
    expect(writer.due).toBe(false)
    feed(writer, 0, 10, 10)
    ports.clock.advance(999)
    expect(writer.due).toBe(false)
    ports.clock.advance(1)
    expect(writer.due).toBe(true)
    await writer.commit()
    const lane = laneOf(writer, 0)
    writer.append(lane, 11, { partition: 0, offset: 11, note: 'x'.repeat(200_000) })
    expect([writer.full, writer.due]).toEqual([true, true])
    await writer.roll()
    expect(writer.full).toBe(false)
  })

  test('full files go to the store before the commit and become visible with it', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store, { bytesMax: 20_000, parquet: { codec: 'none' } })
    for (let from = 0; from < 6000; from += 1000) {
      feed(writer, 0, from, from + 999)
      if (writer.full) await writer.roll()
    }
    expect(await rowsIn(store)).toEqual([])
    await writer.commit()
    expect(await rowsIn(store)).toHaveLength(6000)
    const log = await readLog(store, 'events')
    expect(log).toHaveLength(2)
    expect(log[1]!.filter((action) => action['add'] !== undefined).length).toBeGreaterThan(2)
  })

  test('progress without rows waits for the idle time, then takes one entry without a file', async () => {
    const store = new MemoryStore()
    const { writer, ports } = await open(store, { idleMaxMs: 10_000 })
    const lane = laneOf(writer, 0)
    for (let offset = 0; offset < 50; offset++) writer.pass(lane, offset)
    expect(writer.due).toBe(false)
    ports.clock.advance(10_000)
    expect(writer.due).toBe(true)
    await writer.commit()
    expect((await readLog(store, 'events'))[1]!.map((action) => Object.keys(action)[0])).toEqual(['commitInfo', 'txn'])
    expect(await readTxns(store, 'events')).toEqual({ p0: 49 })
    expect(writer.due).toBe(false)
  })
})

/** One life of a writer after the other, as a supervisor would run them, until all rows are in. */
async function liveUntilDone(store: ObjectStore, faults: readonly Fault[], last: number): Promise<number> {
  let lives = 0
  for (let faulty: ObjectStore = new FaultyStore(store, faults); ; faulty = store) {
    lives++
    try {
      const { writer } = await open(faulty)
      const lane = laneOf(writer, 0)
      for (let from = (lane.committed ?? -1) + 1; from <= last; from += 10) {
        feed(writer, 0, from, Math.min(last, from + 9))
        await patiently(() => writer.commit())
      }
      return lives
    } catch (error) {
      expect(error).toMatchObject({ code: 'INTERRUPTED' })
    }
  }
}

describe('crashes, each followed by a new life that reads the table', () => {
  test.each<[string, Fault, number]>([
    ['while the table is made', { effect: 'crash-before', on: 'putIfAbsent', path: COMMIT }, 2],
    ['right after the table was made', { effect: 'crash-after', on: 'putIfAbsent', path: COMMIT }, 2],
    ['before a data file is in the store', { effect: 'crash-before', on: 'put', path: DATA, nth: 2 }, 2],
    ['after the data file, before the commit', { effect: 'crash-after', on: 'put', path: DATA, nth: 2 }, 2],
    ['at the commit, not carried out', { effect: 'crash-before', on: 'putIfAbsent', path: COMMIT, nth: 3 }, 2],
    ['at the commit, carried out', { effect: 'crash-after', on: 'putIfAbsent', path: COMMIT, nth: 3 }, 2],
    ['the commit’s answer is lost', { effect: 'lose-answer', on: 'putIfAbsent', path: COMMIT, nth: 3 }, 1],
    [
      'the commit’s answer is lost and the store says exists',
      { effect: 'answer-exists', on: 'putIfAbsent', path: COMMIT, nth: 3 },
      1,
    ],
    ['the commit times out, not carried out', { effect: 'refuse', on: 'putIfAbsent', path: COMMIT, nth: 3 }, 1],
    ['the store is away for a while', { effect: 'refuse', nth: 12, times: 60 }, 1],
    ['a data file’s answer is lost', { effect: 'lose-answer', on: 'put', path: DATA, nth: 2 }, 1],
  ])('%s: every row once', async (_, fault, lives) => {
    const store = new MemoryStore()
    expect(await liveUntilDone(store, [fault], 49)).toBe(lives)
    expect(await rowsIn(store)).toEqual(expected(49))
    expect(await readTxns(store, 'events')).toEqual({ p0: 49 })
  })

  test('at every single operation, before and after it: every row once', async () => {
    const healthy = new FaultyStore(new MemoryStore())
    await liveUntilDone(healthy, [], 29)
    for (const effect of ['crash-before', 'crash-after'] as const)
      for (let nth = 1; nth <= healthy.calls.length; nth++) {
        const store = new MemoryStore()
        await liveUntilDone(store, [{ effect, nth }], 29)
        expect([effect, nth, ...(await rowsIn(store))]).toEqual([effect, nth, ...expected(29)])
      }
  })

  test('a file without a log entry stays unseen and harmless', async () => {
    const store = new MemoryStore()
    await liveUntilDone(store, [{ effect: 'crash-after', on: 'put', path: DATA }], 9)
    const files = (await store.list('events/part-')).objects
    expect(files).toHaveLength(2)
    const listed = (await readLog(store, 'events')).flat().flatMap((action) => action['add']?.['path'] ?? [])
    expect(listed).toHaveLength(1)
    expect(await rowsIn(store)).toEqual(expected(9))
  })
})

describe('two processes think they own a partition', () => {
  test('the slow one is fenced, its rows are not visible, and there is one copy of each', async () => {
    const store = new MemoryStore()
    const [slow, quick] = [await open(store), await open(store)]
    feed(slow.writer, 0, 0, 20)
    feed(slow.writer, 1, 0, 3)
    feed(quick.writer, 0, 0, 30)
    await quick.writer.commit()
    await expect(slow.writer.commit()).rejects.toMatchObject({ code: 'TABLE_FENCED', retriable: false })
    await expect(slow.writer.commit()).rejects.toMatchObject({ code: 'TABLE_FENCED' })
    expect(await rowsIn(store)).toEqual(expected(30))
    expect(await readTxns(store, 'events')).toEqual({ p0: 30 })
  })

  test('a commit that was carried out but not answered does not come back as a zombie’s', async () => {
    const store = new MemoryStore()
    const { writer } = await open(
      new FaultyStore(store, [
        { effect: 'lose-answer', on: 'putIfAbsent', path: COMMIT, nth: 2 },
        { effect: 'refuse', nth: 5, times: 40 },
      ]),
    )
    feed(writer, 0, 0, 4)
    await expect(writer.commit()).rejects.toMatchObject({ retriable: true })
    feed(writer, 0, 5, 9)
    await patiently(() => writer.commit())
    expect(await rowsIn(store)).toEqual(expected(9))
    expect(await readTxns(store, 'events')).toEqual({ p0: 9 })
  })

  test('a partition goes away and comes back: it goes on where the other left it', async () => {
    const store = new MemoryStore()
    const [here, there] = [await open(store), await open(store)]
    feed(here.writer, 0, 0, 4)
    await here.writer.commit()
    here.writer.release(laneOf(here.writer, 0))
    await there.writer.refresh()
    feed(there.writer, 0, 0, 9)
    await there.writer.commit()
    await here.writer.refresh()
    feed(here.writer, 0, 0, 12)
    await here.writer.commit()
    expect(await rowsIn(store)).toEqual(expected(12))
  })

  test('partitions taken away in the middle: what is not committed is dropped and read again', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    feed(writer, 0, 0, 4)
    await writer.commit()
    feed(writer, 0, 5, 7)
    feed(writer, 1, 0, 2)
    expect(writer.unsettled).toBe(true)
    await writer.reset()
    expect(writer.unsettled).toBe(false)
    writer.release(laneOf(writer, 1))
    expect(laneOf(writer, 0).taken).toBe(4)
    feed(writer, 0, 5, 9)
    await writer.commit()
    expect(await rowsIn(store)).toEqual(expected(9))
  })
})

describe('schemas change', () => {
  const wider = struct({
    partition: primitive('int32'),
    offset: primitive('int64'),
    note: primitive('string', { optional: true }),
    extra: primitive('float64'),
  })

  test('a new column: files before and after it stand in one table', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    feed(writer, 0, 0, 1)
    await writer.accept(wider)
    writer.append(laneOf(writer, 0), 2, { partition: 0, offset: 2, extra: 2.5 })
    await writer.accept(events)
    feed(writer, 0, 3, 3)
    await writer.commit()
    expect(await query(store, 'events', 'select "offset", extra from $files order by 1')).toEqual([
      { offset: '0', extra: null },
      { offset: '1', extra: null },
      { offset: '2', extra: 2.5 },
      { offset: '3', extra: null },
    ])
    const log = await readLog(store, 'events')
    expect(log.map((actions) => actions.map((action) => Object.keys(action)[0]).slice(1))).toEqual([
      ['protocol', 'metaData'],
      ['metaData'],
      ['txn', 'add', 'add'],
    ])
  })

  test('another process adds a column while rows wait: they are committed all the same', async () => {
    const store = new MemoryStore()
    const [here, there] = [await open(store), await open(store)]
    feed(here.writer, 0, 0, 4)
    await there.writer.accept(wider)
    await here.writer.commit()
    feed(here.writer, 0, 5, 6)
    await here.writer.commit()
    expect(await rowsIn(store)).toEqual(expected(6))
    expect(await query(store, 'events', 'select count(extra) as n from $files')).toEqual([{ n: '0' }])
  })

  test('a contradiction is refused by column, and what was there before is still good', async () => {
    const store = new MemoryStore()
    const { writer } = await open(store)
    feed(writer, 0, 0, 1)
    const contrary = struct({ partition: primitive('string'), offset: primitive('int64') })
    await expect(writer.accept(contrary)).rejects.toMatchObject({ code: 'TABLE_SCHEMA' })
    await writer.commit()
    expect(await rowsIn(store)).toEqual(expected(1))
  })
})

test('memory stays bounded while the store is away: full says stop, and nothing is lost', async () => {
  const store = new MemoryStore()
  const faulty = new FaultyStore(store, [{ effect: 'refuse', on: 'put', path: DATA, times: 3 }])
  const { writer } = await open(faulty, { bytesMax: 10_000, parquet: { codec: 'none' } })
  feed(writer, 0, 0, 2000)
  for (let i = 0; i < 3; i++) {
    expect(writer.full).toBe(true)
    await expect(writer.roll()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true })
  }
  await writer.roll()
  expect(writer.full).toBe(false)
  await writer.commit()
  expect(await rowsIn(store)).toEqual(expected(2000))
})

/** Calls again as long as the failure may pass. */
async function patiently(act: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true) throw error
    }
  }
}

const ignore = (): void => undefined
const testLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => testLogger }

describe('a table parted by columns', () => {
  const parted = { partitionColumns: ['note'] }

  async function openParted(store: ObjectStore, options: Partial<TableWriterOptions> = {}): Promise<Opened> {
    const ports = testPorts()
    const table = await DeltaTable.openOrCreate(store, 'events', deltaSchemaOf(events), ports, undefined, parted)
    return { writer: new TableWriter(table, store, { ...OPTIONS, ...options }, ports), ports }
  }

  /** `note` of the rows in turn; null is its own partition. */
  function feedNotes(writer: TableWriter, from: number, notes: readonly (string | null)[]): void {
    const lane = laneOf(writer, 0)
    for (const [i, note] of notes.entries())
      writer.append(lane, from + i, { partition: 0, offset: from + i, note: note === '' ? undefined : note })
  }

  const adds = async (store: ObjectStore): Promise<Record<string, unknown>[]> =>
    (await readLog(store, 'events')).flat().flatMap((action) => (action['add'] === undefined ? [] : [action['add']]))

  test('each file holds one value, which stands in the log and in the folder, not in the file', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store)
    feedNotes(writer, 0, ['a', 'b/ü', 'a', null, 'b/ü', 'a'])
    await writer.commit()
    const files = (await adds(store)).map(({ path, partitionValues, stats }) => [
      (path as string).replace(/part-.*/, ''),
      partitionValues,
      JSON.parse(stats as string).numRecords,
    ])
    expect(files).toEqual([
      ['note=a/', { note: 'a' }, 3],
      ['note=b%252Fü/', { note: 'b/ü' }, 2],
      ['note=__HIVE_DEFAULT_PARTITION__/', { note: null }, 1],
    ])
    expect(await rowsIn(store)).toEqual(expected(5))
    expect(await query(store, 'events', `select * from $files limit 1`)).toEqual([{ partition: 0, offset: '0' }])
    const log = await readLog(store, 'events')
    expect(log[0]![2]!['metaData']!['partitionColumns']).toEqual(['note'])
    expect(log[1]![0]!['commitInfo']).toMatchObject({
      operationMetrics: { numAddedFiles: '3', numOutputRows: '6' },
      rows: { 'events-0': 6 },
      offsets: { 'events-0': [0, 5] },
    })
  })

  /** The partition and the rows of each file, in the order of the log. */
  const fileRows = async (store: ObjectStore): Promise<unknown[]> =>
    (await adds(store)).map(({ partitionValues, stats }) => [
      (partitionValues as { note: string }).note,
      JSON.parse(stats as string).numRecords,
    ])

  test('only so many files are open; rows of further partitions wait for theirs, and nothing is lost', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store, { openFilesMax: 2 })
    feedNotes(writer, 0, ['a', 'b', 'c', 'd', 'a', 'c', 'b', 'd', 'c'])
    expect(writer.full).toBe(false)
    await writer.commit()
    expect(await fileRows(store)).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 3],
      ['d', 2],
    ])
    expect(await rowsIn(store)).toEqual(expected(8))
  })

  test('where many rows of a partition wait, the file that waited longest ends for theirs', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store, { openFilesMax: 2 })
    const many = Array.from({ length: 999 }, () => 'c')
    feedNotes(writer, 0, ['a', 'b', 'a', ...many])
    expect(writer.full).toBe(false)
    feedNotes(writer, 1002, ['c'])
    expect(writer.full).toBe(true)
    await writer.roll()
    expect(writer.full).toBe(false)
    feedNotes(writer, 1003, ['a', 'c', 'b'])
    await writer.commit()
    expect(await fileRows(store)).toEqual([
      ['b', 1],
      ['a', 3],
      ['c', 1001],
      ['b', 1],
    ])
    expect(await rowsIn(store)).toEqual(expected(1005))
  })

  test('rows scattered over a thousand partitions make a file for each, however few are open', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store, { openFilesMax: 10 })
    feedNotes(
      writer,
      0,
      Array.from({ length: 5000 }, (_, i) => `n${(i * 7) % 1000}`),
    )
    await writer.commit()
    const files = await fileRows(store)
    expect(files).toHaveLength(1000)
    expect(new Set(files.map((file) => (file as [string, number])[1]))).toEqual(new Set([5]))
    expect(await rowsIn(store)).toEqual(expected(4999))
  })

  test('a value that does not fit is refused at once where its row would have to wait', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store, { openFilesMax: 1 })
    feedNotes(writer, 0, ['a', 'b'])
    const lane = laneOf(writer, 0)
    expect(() => writer.append(lane, 2, { partition: 'x', offset: 2, note: 'c' })).toThrow('partition')
    writer.pass(lane, 2)
    feedNotes(writer, 3, ['b'])
    await writer.commit()
    expect(await fileRows(store)).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  test('rows that wait count as memory, which is given back by a roll', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store, { openFilesMax: 1, bytesMax: 200_000 })
    feedNotes(writer, 0, ['a'])
    const before = writer.heldBytes
    let at = 1
    for (; !writer.full && at < 5000; at++) feedNotes(writer, at, [`n${at % 100}`])
    expect(writer.heldBytes - before).toBeGreaterThan(at * 80)
    expect(at).toBeLessThan(2500)
    await writer.roll()
    expect(writer.heldBytes).toBe(0)
    await writer.commit()
    expect(await rowsIn(store)).toEqual(expected(at - 1))
  })

  test('a store that fails between the files of a commit costs nothing: the rest follow when it is called again', async () => {
    const store = new MemoryStore()
    const faulty = new FaultyStore(store, [{ effect: 'refuse', on: 'put', path: DATA, nth: 50 }])
    const { writer } = await openParted(faulty, { openFilesMax: 10 })
    const notes = Array.from({ length: 300 }, (_, i) => `n${i % 100}`)
    feedNotes(writer, 0, notes)
    await expect(writer.commit()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await rowsIn(store)).toEqual([])
    feedNotes(writer, 300, ['n1', 'n99'])
    await writer.commit()
    expect(await rowsIn(store)).toEqual(expected(301))
  })

  test('what waits is dropped with the rest when the writer starts again', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store, { openFilesMax: 1 })
    feedNotes(writer, 0, ['a', 'b', 'c'])
    await writer.reset()
    expect(writer.heldBytes).toBe(0)
    feedNotes(writer, 0, ['a', 'b'])
    await writer.commit()
    expect(await rowsIn(store)).toEqual(expected(1))
  })

  test('rows that wait when the table gets a column go into files without it', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store, { openFilesMax: 1 })
    feedNotes(writer, 0, ['a', 'b'])
    await writer.accept(
      struct({
        partition: primitive('int32'),
        offset: primitive('int64'),
        note: primitive('string', { optional: true }),
        more: primitive('int32', { optional: true }),
      }),
    )
    writer.append(laneOf(writer, 0), 2, { partition: 0, offset: 2, note: 'b', more: 7 })
    await writer.commit()
    expect(await fileRows(store)).toEqual([
      ['a', 1],
      ['b', 1],
      ['b', 1],
    ])
    expect(await rowsIn(store)).toEqual(expected(2))
  })

  test('rows scattered over so many partitions that files are tiny are told of once', async () => {
    const warnings: unknown[] = []
    const logger = { ...testLogger, warn: (_: string, fields?: object) => void warnings.push(fields) }
    const [store, ports] = [new MemoryStore(), testPorts()]
    const table = await DeltaTable.openOrCreate(store, 'events', deltaSchemaOf(events), ports, undefined, parted)
    const writer = new TableWriter(table, store, { ...OPTIONS, openFilesMax: 2 }, { ...ports, logger })
    feedNotes(writer, 0, ['a', 'b', 'a', 'b'])
    await writer.commit()
    expect(warnings).toEqual([])
    for (let round = 0; round < 2; round++) {
      feedNotes(writer, 4 + round * 5, ['a', 'b', 'c', 'd', 'e'])
      await writer.commit()
    }
    expect(warnings).toEqual([{ table: 'memory:/events', files: 5, rows: 5 }])
  })

  test('a value without a text is refused, and its row leaves no file behind', async () => {
    const store = new MemoryStore()
    const { writer } = await openParted(store)
    const lane = laneOf(writer, 0)
    expect(() => writer.append(lane, 0, { partition: 0, offset: 0, note: '' })).toThrow('an empty text')
    expect(() => writer.append(lane, 0, { partition: 'x', offset: 0, note: 'a' })).toThrow('partition')
    writer.pass(lane, 0)
    feedNotes(writer, 1, ['b'])
    await writer.commit()
    expect((await adds(store)).map(({ partitionValues }) => partitionValues)).toEqual([{ note: 'b' }])
  })

  test('who asks for other partition columns than the table has is refused; who does not ask takes the table’s', async () => {
    const store = new MemoryStore()
    await openParted(store)
    const ask = (partitionColumns: readonly string[]): Promise<DeltaTable> =>
      DeltaTable.openOrCreate(store, 'events', deltaSchemaOf(events), testPorts(), undefined, { partitionColumns })
    await expect(ask(['offset'])).rejects.toThrow('is parted by note, not by offset')
    await expect(ask([])).rejects.toMatchObject({ code: 'TABLE_SCHEMA' })
    const design = { partitionColumns: ['offset'] }
    await expect(DeltaTable.open(store, 'events', testPorts(), undefined, design)).rejects.toThrow('not by offset')
    const { writer } = await open(store)
    feedNotes(writer, 0, ['a'])
    await writer.commit()
    expect((await adds(store))[0]!['partitionValues']).toEqual({ note: 'a' })
  })

  test.each([
    [['nowhere'], 'there is no column nowhere'],
    [['note', 'note'], 'a column is named twice'],
    [['partition', 'offset', 'note'], 'no column would be left'],
  ])('a table parted by %j is not made: %s', async (partitionColumns, reason) => {
    const store = new MemoryStore()
    const made = DeltaTable.openOrCreate(store, 'events', deltaSchemaOf(events), testPorts(), undefined, {
      partitionColumns,
    })
    await expect(made).rejects.toThrow(reason)
    expect((await store.list('')).objects).toEqual([])
  })
})
