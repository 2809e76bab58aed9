import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { RetriableError } from '@sluice/sdk'
import type { RawSettings, SinkTaskContext } from '@sluice/sdk'
import { SinkRun } from '@sluice/sdk/testing'
import { openObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { lakeSink } from '@sluice/connector-lake'
import { encoderThreads } from '@sluice/lake'
import { LakeFolder } from './lake-folder.ts'
import { LakeSinkTask } from '../src/sink-task.ts'
import { P0, P1, countOf, span } from './lake-runs.ts'

let folder: LakeFolder
let runs: SinkRun[] = []
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await Promise.all(runs.map((run) => run.stop()))
  runs = []
  await folder.remove()
})

function sink(settings: RawSettings = {}, store?: ObjectStore): SinkRun {
  const raw = { 'lake.url': folder.path, ...settings }
  const createTask = (_: unknown, context: SinkTaskContext): LakeSinkTask =>
    new LakeSinkTask(lakeSink.settings.parse(raw), context, store)
  const run = new SinkRun({ ...lakeSink, createTask }, raw)
  runs.push(run)
  return run
}

const THREADS = { 'encoder.threads': '1' }

/** Puts what comes next of the partition, up to that offset; and so on while the task goes back. */
async function readUpTo(run: SinkRun, partition: number, end: number): Promise<void> {
  const at = (): number => run.positions.find((position) => position.partition === partition)!.offset
  while (at() <= end) await run.put(span(partition, at(), Math.min(end, at() + 999)))
}

async function isOnce(rows: number): Promise<void> {
  expect(await countOf(folder)).toBe(rows)
  const [found] = await folder.query('orders', 'select count(distinct id) as n from $files')
  expect(found).toEqual({ n: String(rows) })
}

describe('a sink whose files other threads encode', () => {
  test('writes every row once, and lets the threads go when it stops', async () => {
    const run = sink(THREADS)
    await run.start([P0])
    expect(encoderThreads.size).toBe(0)
    await readUpTo(run, 0, 4999)
    await run.flush(true)
    expect(encoderThreads.size).toBe(1)
    await run.stop()
    expect(encoderThreads.size).toBe(0)
    await isOnce(5000)
  })

  test('starts none where none are asked for', async () => {
    const run = sink()
    await run.start([P0])
    await readUpTo(run, 0, 99)
    await run.flush(true)
    await run.stop()
    expect(encoderThreads.size).toBe(0)
  })

  test('reads again what was lost with a thread, and nothing of other partitions goes missing', async () => {
    const run = sink({ ...THREADS, 'table.name': 'orders' })
    await run.start([P0, P1])
    await readUpTo(run, 0, 999)
    await run.flush(true)
    await readUpTo(run, 0, 2999)
    await encoderThreads.stop()
    // The first records of that partition come with the put that finds the loss.
    await run.put(span(1, 50_000, 50_009))
    expect(run.positions.map(({ offset }) => offset)).toEqual([1000, 50_000])
    await readUpTo(run, 0, 3999)
    await readUpTo(run, 1, 50_009)
    await run.flush(true)
    await isOnce(4010)
  })

  test('calls nothing safe that was lost, also when that is found by a commit', async () => {
    const run = sink(THREADS)
    await run.start([P0])
    await readUpTo(run, 0, 999)
    await run.flush(true)
    await readUpTo(run, 0, 1999)
    await encoderThreads.stop()
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 1000 }])
    await run.put([])
    expect(run.positions).toMatchObject([{ offset: 1000 }])
    await readUpTo(run, 0, 2999)
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 3000 }])
    await isOnce(3000)
  })

  test('takes none of the records at hand a second time while it cannot look at its table', async () => {
    let isAway = false
    class Away extends FaultyStore {
      override list(...given: Parameters<ObjectStore['list']>): ReturnType<ObjectStore['list']> {
        if (isAway) throw new RetriableError('STORE_UNAVAILABLE', 'It is away')
        return super.list(...given)
      }
    }
    const store = new Away(openObjectStore(folder.path))
    const run = sink(THREADS, store)
    await run.start([P0])
    await readUpTo(run, 0, 999)
    await run.flush(true)
    await readUpTo(run, 0, 1999)
    await encoderThreads.stop()
    isAway = true
    await expect(run.put(span(0, 2000, 2999))).rejects.toMatchObject({ retriable: true })
    isAway = false
    // As a worker does: the same records once more.
    await run.put(span(0, 2000, 2999))
    expect(run.positions).toMatchObject([{ offset: 1000 }])
    await readUpTo(run, 0, 2999)
    await run.flush(true)
    await isOnce(3000)
  })
})
