import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { ValueError } from '@sluice/sdk'
import { SameThreadWriter, type ParquetColumn, type ParquetOptions } from '../../../src/parquet/index.ts'
import type { MemoryWriter } from '../../../src/parquet/index.ts'
import { spawnEncoderThread } from '../../../src/parquet/threads/encoder-thread.ts'
import { EncoderThreads } from '../../../src/parquet/threads/encoder-threads.ts'
import { columnsOf, rowsOf } from '../drawn-columns.ts'
import type { Row } from '../read-back.ts'

/** `SLUICE_PARQUET_SCHEMAS=2000` is the full form. */
const SCHEMAS = Number(process.env['SLUICE_PARQUET_SCHEMAS'] ?? 50)

const workers: Worker[] = []
const threads = new EncoderThreads(() => {
  const worker = spawnEncoderThread()
  workers.push(worker)
  return worker
})
let users: ReturnType<EncoderThreads['use']>[] = []

function use(count: number): ReturnType<EncoderThreads['use']> {
  const user = threads.use(count)
  users.push(user)
  return user
}

afterEach(async () => {
  await Promise.all(users.map((user) => user.release()))
  users = []
  workers.length = 0
})

const id: ParquetColumn = { name: 'id', type: { kind: 'int64' }, optional: false }
const city: ParquetColumn = { name: 'city', type: { kind: 'string' }, optional: true }
const text: ParquetColumn = { name: 'text', type: { kind: 'string' }, optional: false }
const columns = [id, city, text]

function rows(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i,
    city: i % 7 === 0 ? null : `city ${i % 300}`,
    text: `${i * 2_654_435_761}`.repeat(3),
  }))
}

function fill(writer: MemoryWriter, of: readonly Row[]): MemoryWriter {
  for (const row of of) writer.appendRow(row)
  return writer
}

async function both(of: readonly ParquetColumn[], given: readonly Row[], options: ParquetOptions): Promise<void> {
  const here = await fill(new SameThreadWriter(of, options), given).finish()
  const there = await fill(users[0]!.writer(of, options), given).finish()
  expect(there.facts).toEqual(here.facts)
  expect(Buffer.compare(there.bytes, here.bytes)).toBe(0)
}

describe('a file that another thread encodes', () => {
  test(
    'has the same bytes and facts, of any schema and rows',
    async () => {
      use(2)
      await fc.assert(
        fc.asyncProperty(
          columnsOf(3),
          fc.oneof(fc.nat(40), fc.nat(900)),
          fc.constantFrom('none' as const, 'snappy' as const, 'gzip' as const, 'zstd' as const, 'lz4_raw' as const),
          fc.constantFrom(7, 100, 20_000),
          fc.constantFrom(50, 300, 1_000_000),
          fc.constantFrom(2_000, 128 * 1024 * 1024),
          fc.constantFrom(1 as const, 2 as const),
          async (drawn, count, codec, pageRowsMax, rowGroupRowsMax, rowGroupBytesMax, pageVersion) => {
            const of = drawn.map(({ column }) => column)
            const limits = { pageRowsMax, pageBytesMax: 4096, rowGroupRowsMax, rowGroupBytesMax }
            await both(of, rowsOf(drawn, count), { codec, pageVersion, ...limits })
          },
        ),
        { numRuns: SCHEMAS },
      )
    },
    20_000 + SCHEMAS * 200,
  )

  test('has them also when it goes there in many parcels, with dictionaries that grow and are given up', async () => {
    use(1)
    const options = { bloomFilters: ['city'], metadata: { origin: 'test' }, pageRowsMax: 5000 }
    await both(columns, rows(80_000), options)
    await both(columns, rows(80_000), { ...options, rowGroupRowsMax: 30_000, pageVersion: 2, pageIndex: false })
    const late = rows(40_000).map((row, i) => ({ ...row, city: i < 20_000 ? 'same' : `other ${i}` }))
    await both(columns, late, options)
    await both([{ name: 'b', type: { kind: 'binary' }, optional: true }], [{ b: Buffer.alloc(300_000, 7) }, {}], {})
    await both(columns, [], {})
  })

  test('takes a row that does not fit back, as here', async () => {
    const user = use(1)
    const files = [new SameThreadWriter(columns, {}), user.writer(columns, {})]
    const ends = files.map((writer) => {
      fill(writer, rows(1000))
      expect(() => writer.appendRow({ id: 1, city: 'x', text: null })).toThrow(ValueError)
      return fill(writer, rows(1000)).finish()
    })
    const [here, there] = await Promise.all(ends)
    expect(there!.facts.rows).toBe(2000)
    expect(Buffer.compare(there!.bytes, here!.bytes)).toBe(0)
  })

  test('tells here and now what does not go', () => {
    const user = use(1)
    expect(() => user.writer(columns, { codec: 'zstd', compressionLevel: 99 })).toThrow(/not a level of zstd/)
    expect(() => user.writer([id, id], {})).toThrow(/"id" appears twice/)
    expect(() => user.writer(columns, { bloomFilters: ['x'] })).toThrow(/names "x"/)
  })

  test('is lost with a word to try again when the thread ends, and the next one is not', async () => {
    const user = use(1)
    const lost = fill(user.writer(columns, {}), rows(100_000))
    await workers[0]!.terminate()
    expect(lost.loss).toMatchObject({ code: 'ENCODER_LOST' })
    // It may be filled further without harm.
    fill(lost, rows(1000))
    await expect(lost.finish()).rejects.toMatchObject({ code: 'ENCODER_LOST', retriable: true })
    const next = await fill(user.writer(columns, {}), rows(10)).finish()
    expect(next.facts.rows).toBe(10)
    expect(workers).toHaveLength(2)
  })

  test('is lost when the thread ends while it is waited for', async () => {
    const user = use(1)
    const finished = fill(user.writer(columns, {}), rows(200_000)).finish()
    await workers[0]!.terminate()
    await expect(finished).rejects.toMatchObject({ code: 'ENCODER_LOST', retriable: true })
  })

  test('is lost alone when its encoder throws', async () => {
    const user = use(1)
    const metadata = { origin: 5 as unknown as string }
    const bad = fill(user.writer(columns, { metadata }), rows(10))
    const good = fill(user.writer(columns, {}), rows(10))
    await expect(bad.finish()).rejects.toMatchObject({ code: 'ENCODER_LOST', retriable: true })
    expect((await good.finish()).facts.rows).toBe(10)
    expect(workers).toHaveLength(1)
  })
})

describe('the threads', () => {
  test('start with the first file that finds the others busy, are shared, and end with the last user', async () => {
    const one = use(1)
    const other = use(2)
    expect(workers).toHaveLength(0)
    await fill(one.writer(columns, {}), rows(10)).finish()
    await fill(other.writer(columns, {}), rows(10)).finish()
    expect(workers).toHaveLength(1)
    const open = [one, other, one].map((user) => fill(user.writer(columns, {}), rows(10)))
    expect(workers).toHaveLength(2)
    await Promise.all(open.map((writer) => writer.finish()))
    await one.release()
    expect(threads.size).toBe(2)
    await other.release()
    expect(threads.size).toBe(0)
  })

  test('say when they fall behind, and when they have caught up', async () => {
    const user = use(1)
    const wide = Array.from({ length: 20_000 }, (_, i) => ({ ...rows(1)[0]!, text: `${i}`.repeat(300) }))
    // Nothing that the thread says is heard while this goes on.
    const writer = user.writer(columns, { codec: 'none' })
    while (!user.isBehind) fill(writer, wide)
    expect(writer.bytes).toBeGreaterThan(16 * 1024 * 1024)
    const aborted = new AbortController()
    const never = user.caughtUp(aborted.signal)
    aborted.abort()
    await expect(never).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await user.caughtUp()
    expect(user.isBehind).toBe(false)
    await writer.finish()
  })

  test('let those go on who wait for one that ends', async () => {
    const user = use(1)
    const wide = Array.from({ length: 20_000 }, (_, i) => ({ ...rows(1)[0]!, text: `${i}`.repeat(300) }))
    const writer = user.writer(columns, {})
    while (!user.isBehind) fill(writer, wide)
    const waiting = user.caughtUp()
    await workers[0]!.terminate()
    await waiting
    expect(writer.loss).toBeDefined()
  })

  test('have nothing more of a file that is given up', async () => {
    const user = use(1)
    const writer = fill(user.writer(columns, {}), rows(100_000))
    writer.drop()
    expect(user.isBehind).toBe(false)
    expect((await fill(user.writer(columns, {}), rows(10)).finish()).facts.rows).toBe(10)
  })
})
