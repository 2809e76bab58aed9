/** The lines of docs/reference/lake-faults.md that are about a task and its partitions, on an S3 server that fails where it is told to. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { SinkTaskContext } from '@sluice/sdk'
import { listAll } from '@sluice/object-store'
import { S3TestServer } from '@sluice/object-store/testing'
import { SinkRun } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeSinkTask } from '../src/sink-task.ts'
import { P0, P1, span } from './lake-runs.ts'

const ENTRY = /_delta_log\/\d{20}\.json$/

let server: S3TestServer
beforeEach(async () => {
  server = await S3TestServer.start()
})
afterEach(() => server.stop())

function sinkOn(on = server): SinkRun {
  const settings = lakeSink.settings.parse({ 'lake.url': 's3://lake', 'table.name': 'orders' })
  const store = on.open('lake', { 's3.retry.backoff.ms': '1' })
  const createTask = (_: unknown, context: SinkTaskContext): LakeSinkTask => new LakeSinkTask(settings, context, store)
  return new SinkRun({ ...lakeSink, createTask }, { 'lake.url': 's3://lake' })
}

/** How many rows the entries of the log speak of. */
async function rows(): Promise<number> {
  let found = 0
  const store = server.open()
  for await (const { path } of listAll(store, 'orders/_delta_log/'))
    for (const [, count] of new TextDecoder().decode(await store.get(path)).matchAll(/"numRecords\\":(\d+)/g))
      found += Number(count)
  return found
}

describe('rebalance during a flush', () => {
  test('eager: all partitions leave while the store does not answer the commit, and who gets them reads on from the table', async () => {
    const [here, there] = [sinkOn(), sinkOn()]
    await here.start([P0, P1])
    await here.put([...span(0, 0, 9), ...span(1, 0, 4)])
    server.faults.add({ effect: 'unavailable', on: 'PutObject', key: ENTRY, times: Infinity })
    // What is not in the table when its time is over is given up.
    expect(await here.flush(true)).toEqual([])
    await here.close()
    server.faults.clear()
    await there.start([P0, P1])
    await there.put([...span(0, 0, 12), ...span(1, 0, 4)])
    expect(await there.flush(true)).toEqual([
      { ...P0, offset: 13 },
      { ...P1, offset: 5 },
    ])
    expect(await rows()).toBe(18)
    await Promise.all([here.stop(), there.stop()])
  })

  test('cooperative: one partition leaves when the commit was carried out and not answered; the other one goes on', async () => {
    const [here, there] = [sinkOn(), sinkOn()]
    await here.start([P0, P1])
    await here.put([...span(0, 0, 9), ...span(1, 0, 4)])
    server.faults.add({ effect: 'lose-answer', on: 'PutObject', key: ENTRY })
    server.faults.add({ effect: 'unavailable', on: 'GetObject', key: ENTRY, times: Infinity })
    server.faults.add({ effect: 'unavailable', on: 'ListObjectsV2', times: Infinity })
    expect(await here.flush(true)).toEqual([])
    server.faults.clear()
    await here.close([P1])
    // It begins behind what the table holds, which is what was not answered.
    expect(await there.start([P1])).toMatchObject([{ ...P1, offset: 5 }])
    await there.put(span(1, 0, 9))
    expect(await there.flush(true)).toEqual([{ ...P1, offset: 10 }])
    await here.put([])
    await here.put(span(0, 10, 19))
    expect(await here.flush(true)).toContainEqual({ ...P0, offset: 20 })
    expect(await rows()).toBe(30)
    await Promise.all([here.stop(), there.stop()])
  })
})

test('a store that takes If-None-Match and ignores it: the task does not start, and says what to use instead', async () => {
  await using careless = await S3TestServer.start({ honoursConditions: false })
  await expect(sinkOn(careless).start([P0])).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retriable: false,
    remedy: expect.stringContaining('conditional writes'),
  })
  expect(careless.keys('lake')).toEqual([])
})
