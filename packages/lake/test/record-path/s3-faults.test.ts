/** The lines of docs/reference/lake-faults.md that one process can show, against an S3 server that fails where it is told to. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { S3TestServer } from '@sluice/object-store/testing'
import type { S3Effect, S3Fault, S3Operation } from '@sluice/object-store/testing'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'
import type { TableWriterOptions } from '@sluice/lake'
import { testPorts } from '../support/ports.ts'
import type { TestPorts } from '../support/ports.ts'
import { query, readLog, readTxns } from '../support/table-state.ts'

const FILE = /\.parquet$/
const ENTRY = /_delta_log\/\d{20}\.json$/
const OPTIONS: TableWriterOptions = {
  rowsMax: 1_000_000,
  bytesMax: 64_000_000,
  ageMaxMs: 60_000,
  idleMaxMs: 600_000,
  parquet: { codec: 'snappy' },
}
const EVENTS = struct({ partition: primitive('int32'), offset: primitive('int64') })
/** Of a request: where none is waited for in vain, and where one is. */
const [PATIENT_MS, HASTY_MS] = [20_000, 300]

let server: S3TestServer
/** What is there, past all faults that are over. */
let store: ObjectStore
beforeEach(async () => {
  server = await S3TestServer.start()
  store = server.open()
})
afterEach(() => server.stop())

interface Opened {
  readonly writer: TableWriter
  readonly ports: TestPorts
}

async function open(options: Partial<TableWriterOptions> = {}, timeoutMs: number = PATIENT_MS): Promise<Opened> {
  const own = server.open('lake', { 's3.retry.backoff.ms': '1', 's3.request.timeout.ms': String(timeoutMs) })
  const ports = testPorts()
  const table = await DeltaTable.openOrCreate(own, 'events', deltaSchemaOf(EVENTS), ports)
  return { writer: new TableWriter(table, own, { ...OPTIONS, ...options }, ports), ports }
}

/** Offers the partition's rows with these offsets, both ends included. */
function feed({ writer }: Opened, partition: number, from: number, to: number): void {
  const lane = writer.lane(`p${partition}`, `events-${partition}`)
  for (let offset = from; offset <= to; offset++) writer.append(lane, offset, { partition, offset })
}

/** As a worker does: what fails for now is tried again. @returns how often it failed */
async function commitAtLast({ writer }: Opened): Promise<number> {
  for (let failures = 0; ; failures++) {
    try {
      await writer.commit()
      return failures
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true || failures > 50) throw error
    }
  }
}

/** The process dies when its commit is with the store: nobody waits for what it asked, and nobody asks it again. */
async function dieInCommit({ writer }: Opened, effect: S3Effect): Promise<void> {
  const dead = new AbortController()
  const meanwhile = async (): Promise<void> => dead.abort(new Error('killed'))
  server.faults.add({ effect, on: 'PutObject', key: ENTRY, meanwhile })
  await expect(writer.commit(dead.signal)).rejects.toThrow()
}

/** Every row as DuckDB finds it, as `partition/offset`, in order. */
async function rows(): Promise<string[]> {
  const sql = `select "partition" || '/' || "offset" as at from $files order by "partition", "offset"`
  return (await query(store, 'events', sql)).map((row) => row['at'] as string)
}

const expected = (...ends: number[]): string[] =>
  ends.flatMap((end, partition) => Array.from({ length: end + 1 }, (_, offset) => `${partition}/${offset}`))

function filesInStore(): number {
  return server.keys('lake').filter((key) => FILE.test(key)).length
}

/** What was asked of entries of the log from the last one put first, as `PutObject 2`. */
function askedOfEntries(): string[] {
  return server.requests
    .filter(({ operation, key }) => ENTRY.test(key) && (operation === 'PutObject' || operation === 'GetObject'))
    .map(({ operation, key }) => `${operation} ${Number(key.slice(-25, -5))}`)
}

describe('each fault of the store, wherever it strikes: every row once, and progress with it', () => {
  const effects: readonly S3Effect[] = [
    'slow-down',
    'unavailable',
    'internal-error',
    'conflict',
    'clock-skew',
    'cut-upload',
    'lose-answer',
    'error-after',
    'hang',
    'hang-after',
  ]
  const on: readonly (readonly [string, S3Operation, RegExp])[] = [
    ['a data file', 'PutObject', FILE],
    ['an entry of the log', 'PutObject', ENTRY],
  ]
  const faults = on.flatMap(([what, operation, key]) =>
    effects.map((effect): [S3Effect, string, S3Fault] => [
      effect,
      what,
      { effect, on: operation, key, nth: 2, times: 2 },
    ]),
  )
  test.each<[S3Effect, string, S3Fault]>([
    ...faults,
    ['precondition-failed', 'an entry of the log', { effect: 'precondition-failed', on: 'PutObject', key: ENTRY }],
    ['cut-answer', 'an entry that is read', { effect: 'cut-answer', on: 'GetObject', key: ENTRY }],
    ['none', 'a slow store', { effect: 'none', delayMs: 50, times: 20 }],
  ])('%s: %s', async (_, __, fault) => {
    server.faults.add(fault)
    const openIt = (): Promise<Opened> => open({}, fault.effect.startsWith('hang') ? HASTY_MS : PATIENT_MS)
    let one = await openIt()
    for (let from = 0; from < 40; from += 10) {
      feed(one, 0, from, from + 9)
      feed(one, 1, from, from + 4)
      await commitAtLast(one)
      // Another one goes on from what the table says.
      if (from === 20) one = await openIt()
    }
    server.faults.clear()
    expect(await rows()).toEqual([
      ...expected(39),
      ...[0, 10, 20, 30].flatMap((from) => [0, 1, 2, 3, 4].map((offset) => `1/${from + offset}`)),
    ])
    expect(await readTxns(store, 'events')).toMatchObject({ p0: 39, p1: 34 })
  })
})

test('crash after upload, before commit: nothing is visible but an orphan file, and the rows are read again', async () => {
  const first = await open()
  feed(first, 0, 0, 9)
  await dieInCommit(first, 'hang')
  expect(await rows()).toEqual([])
  expect(filesInStore()).toBe(1)
  const second = await open()
  expect(second.writer.lane('p0', 'events-0').committed).toBeUndefined()
  feed(second, 0, 0, 9)
  await commitAtLast(second)
  expect(await rows()).toEqual(expected(9))
  expect(filesInStore()).toBe(2)
})

test('commit put, response lost: recognised as its own by its txnId, no duplicate and no error', async () => {
  const one = await open()
  feed(one, 0, 0, 9)
  server.faults.add({ effect: 'lose-answer', on: 'PutObject', key: ENTRY })
  expect(await commitAtLast(one)).toBe(0)
  feed(one, 0, 10, 19)
  expect(await commitAtLast(one)).toBe(0)
  expect(await rows()).toEqual(expected(19))
  expect(await readLog(store, 'events')).toHaveLength(3)
})

test('commit put, process dies: who comes next goes on behind it', async () => {
  const first = await open()
  feed(first, 0, 0, 9)
  await dieInCommit(first, 'hang-after')
  const second = await open()
  expect(second.writer.lane('p0', 'events-0').committed).toBe(9)
  feed(second, 0, 0, 14)
  await commitAtLast(second)
  expect(await rows()).toEqual(expected(14))
})

describe('commit times out: the version is read before anything else is put', () => {
  test('it is not there: the same version is put again', async () => {
    const one = await open({}, HASTY_MS)
    feed(one, 0, 0, 9)
    server.faults.add({ effect: 'hang', on: 'PutObject', key: ENTRY })
    expect(await commitAtLast(one)).toBe(0)
    const asked = askedOfEntries()
    expect(asked.slice(asked.indexOf('PutObject 1'))).toEqual(expect.arrayContaining(['GetObject 1']))
    expect(asked.filter((each) => each === 'PutObject 1')).toHaveLength(2)
    expect(asked.indexOf('GetObject 1')).toBeLessThan(asked.lastIndexOf('PutObject 1'))
    expect(await rows()).toEqual(expected(9))
  })

  test('it is there and its own: that was the commit', async () => {
    const one = await open({}, HASTY_MS)
    feed(one, 0, 0, 9)
    server.faults.add({ effect: 'hang-after', on: 'PutObject', key: ENTRY })
    expect(await commitAtLast(one)).toBe(0)
    expect(askedOfEntries().filter((each) => each.startsWith('PutObject'))).toEqual(['PutObject 0', 'PutObject 1'])
    expect(await rows()).toEqual(expected(9))
  })

  test('it is there and somebody else’s: the next version, or a stop where that one has the partition', async () => {
    const [one, other] = [await open({}, HASTY_MS), await open()]
    const whileHangs = (who: Opened): void =>
      server.faults.add({ effect: 'hang', on: 'PutObject', key: ENTRY, meanwhile: () => commitAtLast(who) })
    feed(one, 0, 0, 9)
    feed(other, 1, 0, 4)
    whileHangs(other)
    expect(await commitAtLast(one)).toBe(0)
    expect(await rows()).toEqual(expected(9, 4))
    const third = await open()
    feed(one, 0, 10, 19)
    feed(third, 0, 0, 14)
    whileHangs(third)
    await expect(one.writer.commit()).rejects.toMatchObject({ code: 'TABLE_FENCED' })
    expect(await rows()).toEqual(expected(14, 4))
  })
})

test('two own one partition: the slow one is stopped, its rows are dropped, there is one copy of each', async () => {
  const [slow, quick] = [await open(), await open()]
  feed(slow, 0, 0, 19)
  feed(quick, 0, 0, 29)
  // It takes over when the slow one has put its file and is about to commit.
  server.faults.add({ effect: 'none', on: 'PutObject', key: ENTRY, meanwhile: () => commitAtLast(quick) })
  await expect(slow.writer.commit()).rejects.toMatchObject({ code: 'TABLE_FENCED', retriable: false })
  expect(await rows()).toEqual(expected(29))
  expect(await readTxns(store, 'events')).toEqual({ p0: 29 })
})

test('20 writers, one table: all commits land, versions have no gap, nobody starves', async () => {
  const writers = await Promise.all(Array.from({ length: 20 }, () => open()))
  const failures = await Promise.all(
    writers.map(async (one, partition) => {
      let failed = 0
      for (let from = 0; from < 15; from += 5) {
        feed(one, partition, from, from + 4)
        failed += await commitAtLast(one)
      }
      return failed
    }),
  )
  expect(await rows()).toEqual(expected(...writers.map(() => 14)))
  expect(Math.max(...failures)).toBeLessThanOrEqual(5)
  // `readLog` refuses a gap. The table, and three commits of each.
  expect((await readLog(store, 'events')).length).toBe(61)
}, 60_000)

test('compaction runs meanwhile: the commit goes behind it', async () => {
  const one = await open()
  feed(one, 0, 0, 9)
  await commitAtLast(one)
  const [[add]] = [(await readLog(store, 'events'))[1]!.flatMap((action) => action['add'] ?? [])] as [
    [{ path: string }],
  ]
  feed(one, 0, 10, 19)
  const compact = async (): Promise<void> => {
    const bytes = await store.get(`events/${add.path}`)
    await store.put('events/compacted.parquet', bytes)
    const common = { partitionValues: {}, size: bytes.length, dataChange: false }
    const lines = [
      { commitInfo: { operation: 'OPTIMIZE', timestamp: 1, txnId: 'theirs' } },
      { remove: { path: add.path, deletionTimestamp: 1, extendedFileMetadata: true, ...common } },
      { add: { path: 'compacted.parquet', modificationTime: 1, ...common } },
    ]
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    await store.putIfAbsent('events/_delta_log/00000000000000000002.json', new TextEncoder().encode(text))
  }
  server.faults.add({ effect: 'none', on: 'PutObject', key: /0002\.json$/, meanwhile: compact })
  expect(await commitAtLast(one)).toBe(0)
  const log = await readLog(store, 'events')
  expect(log.map((entry) => entry[0]!['commitInfo']!['operation'])).toEqual([
    'CREATE TABLE',
    'STREAMING UPDATE',
    'OPTIMIZE',
    'STREAMING UPDATE',
  ])
  const live = (await open()).writer.table.filePaths
  expect(live).toHaveLength(2)
  expect(live).toContain('events/compacted.parquet')
})

test('another process adds a column: rows that wait are committed all the same', async () => {
  const [one, other] = [await open(), await open()]
  feed(one, 0, 0, 9)
  const wider = struct({
    partition: primitive('int32'),
    offset: primitive('int64'),
    more: primitive('string', { optional: true }),
  })
  const meanwhile = async (): Promise<void> => other.writer.accept(wider)
  server.faults.add({ effect: 'none', on: 'PutObject', key: ENTRY, meanwhile })
  expect(await commitAtLast(one)).toBe(0)
  expect(await rows()).toEqual(expected(9))
  expect(one.writer.table.snapshot.schema.fields.map(({ name }) => name)).toEqual(['partition', 'offset', 'more'])
})

test('503 for a minute: it says stop when memory is full, and loses nothing', async () => {
  const one = await open({ bytesMax: 20_000, parquet: { codec: 'none' } })
  server.faults.add({ effect: 'unavailable', times: Infinity })
  let to = -1
  while (!one.writer.full) feed(one, 0, to + 1, (to += 500))
  for (let second = 0; second < 60; second += 10) {
    await expect(one.writer.roll()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true })
    expect(one.writer.full).toBe(true)
    one.ports.clock.advance(10_000)
  }
  server.faults.clear()
  await one.writer.roll()
  expect(one.writer.full).toBe(false)
  await commitAtLast(one)
  expect(await rows()).toEqual(expected(to))
})

test('the table is restored to an older version: its progress stays, and what was deleted does not come back', async () => {
  const first = await open()
  for (const from of [0, 10]) {
    feed(first, 0, from, from + 9)
    await commitAtLast(first)
  }
  const [{ path }] = (await readLog(store, 'events'))[2]!.flatMap((action) => action['add'] ?? []) as [{ path: string }]
  const lines = [
    { commitInfo: { operation: 'RESTORE', timestamp: 1, txnId: 'theirs' } },
    {
      remove: {
        path,
        deletionTimestamp: 1,
        dataChange: true,
        extendedFileMetadata: true,
        partitionValues: {},
        size: 1,
      },
    },
  ]
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  await store.putIfAbsent('events/_delta_log/00000000000000000003.json', new TextEncoder().encode(text))
  const second = await open()
  expect(second.writer.lane('p0', 'events-0').committed).toBe(19)
  feed(second, 0, 0, 24)
  await commitAtLast(second)
  // The running one finds out as well; it has nothing new.
  feed(first, 0, 0, 19)
  await commitAtLast(first)
  expect(await readTxns(store, 'events')).toEqual({ p0: 24 })
  expect((await open()).writer.table.filePaths).toHaveLength(2)
})

test.each([-3_600_000, 86_400_000])('clock jumps by %i ms: nothing depends on it', async (jumpMs) => {
  const one = await open()
  for (const from of [0, 10, 20]) {
    feed(one, 0, from, from + 9)
    await commitAtLast(one)
    one.ports.clock.advance(jumpMs)
  }
  const next = await open()
  feed(next, 0, 0, 39)
  await commitAtLast(next)
  expect(await rows()).toEqual(expected(39))
  expect(await readTxns(store, 'events')).toEqual({ p0: 39 })
})
