import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { SinkRecord, SinkTaskContext } from '@sluice/sdk'
import { MemoryStore, listAll } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { SinkRun } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeSinkTask } from '../src/sink-task.ts'
import { P0, order, span } from './lake-runs.ts'

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
