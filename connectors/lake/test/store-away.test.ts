import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import type { SinkRecord, SinkTaskContext } from '@sluice/sdk'
import { MemoryStore, listAll } from '@sluice/object-store'
import type { ObjectStore, StoreCall } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeSinkTask } from '../src/sink-task.ts'
import { P0, order, orders, span } from './lake-runs.ts'

describe('a store that is away for a while', () => {
  const settings = lakeSink.settings.parse({ 'lake.url': 'memory:', 'flush.size': '3', 'flush.bytes': '4096' })

  function onStore(store: ObjectStore): SinkRun {
    const connector = {
      ...lakeSink,
      createTask: (_: unknown, context: SinkTaskContext) => new LakeSinkTask(settings, context, store),
    }
    return new SinkRun(connector, { 'lake.url': 'memory:' })
  }

  const long = (offset: number): SinkRecord => order(0, offset, { id: offset, note: randomBytes(2048).toString('hex') })

  async function rowsIn(store: ObjectStore): Promise<number> {
    let rows = 0
    for await (const { path } of listAll(store, 'orders/_delta_log/'))
      for (const line of new TextDecoder().decode(await store.get(path)).split('\n')) {
        const stats = /"numRecords\\":(\d+)/.exec(line)
        if (stats !== null) rows += Number(stats[1])
      }
    return rows
  }

  test('positions stay where they are, the log tells why, and the next flush succeeds', async () => {
    const below = new MemoryStore()
    const run = onStore(new FaultyStore(below, [{ effect: 'refuse', on: 'put', path: /parquet$/ }]))
    await run.start([P0])
    await run.put(span(0, 0, 4))
    expect(await run.flush(true)).toEqual([])
    expect(run.context.logger.lines.map(({ message }) => message)).toContain(
      'A commit did not succeed; it is tried again',
    )
    await run.put([])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 5 }])
    await run.stop()
    expect(await rowsIn(below)).toBe(5)
  })

  test('memory stays bounded: put refuses for now, takes nothing, and reports again what it reported before', async () => {
    const below = new MemoryStore()
    const run = onStore(new FaultyStore(below, [{ effect: 'refuse', on: 'put', path: /parquet$/, times: 3 }]))
    await run.start([P0])
    await run.put([long(0), long(1), long(2)])
    expect(await run.flush()).toEqual([])
    const next = [long(3), order(0, 4, 'bad', null), long(5)]
    await expect(run.put(next)).rejects.toMatchObject({ retriable: true })
    await expect(run.put(next)).rejects.toMatchObject({ retriable: true })
    expect(run.context.reported).toEqual([])
    await run.put(next)
    expect(run.context.reported.map(({ record }) => record.offset)).toEqual([4])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 6 }])
    await run.stop()
    expect(await rowsIn(below)).toBe(5)
  })
})

describe('stores that do not answer', () => {
  /** Files of tables that begin with `slow` get no answer until the caller gives up; of all others they are taken. */
  class SlowStore extends MemoryStore {
    waiting = 0

    override async put(path: string, bytes: Uint8Array, call?: StoreCall): Promise<void> {
      if (!path.startsWith('slow') || !path.endsWith('.parquet')) return super.put(path, bytes)
      this.waiting++
      const gaveUp = Promise.withResolvers<never>()
      call!.signal!.addEventListener('abort', () =>
        gaveUp.reject(new SluiceError('STORE_UNAVAILABLE', 'No answer', { retriable: true })),
      )
      return gaveUp.promise
    }
  }

  /** Each call of the worker gets one of these to give up with. */
  let patiences: AbortController[] = []
  beforeEach(() => {
    patiences = []
    jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      patiences.push(new AbortController())
      return patiences.at(-1)!.signal
    })
  })
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('hold a flush up once, not once per table, and tables whose turn did not come are the first of the next', async () => {
    const store = new SlowStore()
    const settings = lakeSink.settings.parse({ 'lake.url': 'memory:' })
    const createTask = (_: unknown, context: SinkTaskContext): LakeSinkTask =>
      new LakeSinkTask(settings, context, store)
    const run = new SinkRun({ ...lakeSink, createTask }, { 'lake.url': 'memory:' })
    const topics = [...Array.from({ length: 10 }, (_, i) => `slow${i}`), 'swift']
    const places = topics.map((topic) => ({ topic, partition: 0 }))
    await run.start(places)
    await run.put(places.map((place) => sinkRecord({ ...place, offset: 0 }, { id: 1, note: null }, orders)))
    const flushed = async (): Promise<readonly string[]> => {
      store.waiting = 0
      patiences = []
      const flush = run.flush(true)
      while (store.waiting < 8) await new Promise((resolve) => setImmediate(resolve))
      expect(patiences).toHaveLength(1)
      patiences[0]!.abort()
      return (await flush).filter(({ offset }) => offset === 1).map(({ topic }) => topic)
    }
    expect(await flushed()).toEqual([])
    expect(await flushed()).toEqual(['swift'])
    await run.stop()
  })
})
