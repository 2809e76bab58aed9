import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import { MemoryStore } from '@sluice/object-store'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'
import type { Lane, TableWriterOptions } from '@sluice/lake'
import { spawnEncoderThread } from '../../src/parquet/threads/encoder-thread.ts'
import { EncoderThreads } from '../../src/parquet/threads/encoder-threads.ts'
import type { EncoderUser } from '../../src/parquet/threads/encoder-threads.ts'
import { testPorts } from '../support/ports.ts'
import { query, readTxns } from '../support/table-state.ts'

const schema = deltaSchemaOf(struct({ offset: primitive('int64'), note: primitive('string') }))
const OPTIONS: TableWriterOptions = {
  rowsMax: 1_000_000,
  bytesMax: 64_000_000,
  ageMaxMs: 60_000,
  idleMaxMs: 600_000,
  parquet: { codec: 'snappy' },
}

let workers: Worker[] = []
let user: EncoderUser | undefined

afterEach(async () => {
  await user?.release()
  workers = []
})

async function open(store: MemoryStore, options: Partial<TableWriterOptions> = {}): Promise<[TableWriter, Lane]> {
  const threads = new EncoderThreads(() => {
    const worker = spawnEncoderThread()
    workers.push(worker)
    return worker
  })
  user = threads.use(1)
  const ports = { ...testPorts(), encoders: user }
  const table = await DeltaTable.openOrCreate(store, 't', schema, ports)
  const writer = new TableWriter(table, store, { ...OPTIONS, ...options }, ports)
  return [writer, writer.lane('p', 't-0')]
}

/** Rows of about a kilobyte that no codec makes small. */
function feed(writer: TableWriter, lane: Lane, from: number, to: number): void {
  for (let offset = from; offset < to; offset++) {
    let note = ''
    for (let word = offset + 1; note.length < 1000; word = (word * 16_807) % 2_147_483_647) note += word.toString(36)
    writer.append(lane, offset, { offset, note })
  }
}

async function held(store: MemoryStore): Promise<Record<string, unknown>> {
  const [found] = await query(
    store,
    't',
    'select count(*) as rows, count(distinct "offset") as offsets, max("offset") as last from $files',
  )
  return found!
}

const upTo = (end: number): unknown => ({ rows: String(end), offsets: String(end), last: String(end - 1) })

describe('a table whose files other threads encode', () => {
  test('has every row once, of files that ended by size and of the last one', async () => {
    const store = new MemoryStore()
    const [writer, lane] = await open(store, { bytesMax: 2_000_000 })
    for (let from = 0; from < 10_000; from += 500) {
      if (writer.full) await writer.roll()
      feed(writer, lane, from, from + 500)
    }
    await writer.commit()
    expect(await held(store)).toEqual(upTo(10_000))
    expect(writer.heldBytes).toBe(0)
  })

  test('lets nobody add rows faster than the threads encode them, and ends no file for that', async () => {
    const store = new MemoryStore()
    const [writer, lane] = await open(store)
    let from = 0
    for (; !writer.full; from += 1000) feed(writer, lane, from, from + 1000)
    expect(writer.heldBytes).toBeGreaterThan(16 * 1024 * 1024)
    await writer.roll()
    expect(writer.full).toBe(false)
    feed(writer, lane, from, from + 1000)
    await writer.commit()
    expect(await held(store)).toEqual(upTo(from + 1000))
    expect(writer.table.snapshot.fileCount).toBe(1)
  })

  test('loses nothing when the thread ends: the writer says so, goes back, and takes the rows once more', async () => {
    const store = new MemoryStore()
    const [writer, lane] = await open(store)
    feed(writer, lane, 0, 1000)
    await writer.commit()
    feed(writer, lane, 1000, 3000)
    await workers[0]!.terminate()
    expect(writer.full).toBe(true)
    expect(writer.loss).toMatchObject({ code: 'ENCODER_LOST', retriable: true })
    await expect(writer.roll()).rejects.toMatchObject({ code: 'ENCODER_LOST', retriable: true })
    await expect(writer.commit()).rejects.toMatchObject({ code: 'ENCODER_LOST' })
    expect(await readTxns(store, 't')).toEqual({ p: 999 })
    await writer.reset()
    expect(writer.loss).toBeUndefined()
    expect(lane.taken).toBe(999)
    feed(writer, lane, 0, 4000)
    await writer.commit()
    expect(await held(store)).toEqual(upTo(4000))
  })

  test('does not go back for ever: what happens again and again without a commit is told as what it is', async () => {
    const [writer, lane] = await open(new MemoryStore())
    const lose = async (): Promise<void> => {
      feed(writer, lane, 0, 2000)
      await workers.at(-1)!.terminate()
      await writer.reset()
    }
    await lose()
    await lose()
    feed(writer, lane, 0, 10)
    await writer.commit()
    await lose()
    await lose()
    await expect(lose()).rejects.toMatchObject({
      code: 'ENCODER_LOST',
      retriable: false,
      cause: { code: 'ENCODER_LOST' },
      remedy: expect.stringContaining('encoder.threads=0'),
    })
  })

  test('ends a wait for the threads with its signal, and can be waited for again', async () => {
    const store = new MemoryStore()
    const [writer, lane] = await open(store)
    feed(writer, lane, 0, 5000)
    const over = AbortSignal.abort(new DOMException('late', 'TimeoutError'))
    await expect(writer.commit(over)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: true })
    await writer.commit()
    expect(await held(store)).toEqual(upTo(5000))
  })
})
