/** Tables with a store per tenant, on an S3 server that refuses one of them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RawSettings, SinkRecord } from '@sluice/sdk'
import { listAll } from '@sluice/object-store'
import { S3TestServer } from '@sluice/object-store/testing'
import { FakeClock, FakeSinkContext, SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { orders } from './lake-runs.ts'

let server: S3TestServer
beforeEach(async () => {
  server = await S3TestServer.start({ buckets: ['acme', 'beta', 'lake'] })
})
afterEach(() => server.stop())

const ACME = { topic: 'acme.orders', partition: 0 }
const BETA = { topic: 'beta.orders', partition: 0 }
const record = (topic: string, offset: number, from = topic): SinkRecord => ({
  ...sinkRecord({ topic: from, partition: 0, offset }, { id: offset, note: null }, orders),
  topic,
})

function sink(settings: RawSettings = {}, clock = new FakeClock({ impatient: true })): SinkRun {
  const raw = {
    ...server.settings,
    'lake.url': 's3://lake',
    's3.retry.backoff.ms': '1',
    'tenant.retry.ms': '60000',
    'topic.pattern': String.raw`(?<tenant>[^.]+)\.(?<entity>.+)`,
    'table.name': '${entity}',
    tenants: JSON.stringify({ acme: { 'lake.url': 's3://acme/own' }, beta: { 'lake.url': 's3://beta' } }),
    ...settings,
  }
  return new SinkRun(lakeSink, raw, new FakeSinkContext(clock))
}

/** How many rows the tenant's log speaks of. */
async function rows(bucket: string): Promise<number> {
  let found = 0
  const store = server.open(bucket)
  for await (const { path } of listAll(store, ''))
    if (path.endsWith('.json'))
      for (const [, count] of new TextDecoder().decode(await store.get(path)).matchAll(/"numRecords\\":(\d+)/g))
        found += Number(count)
  return found
}

const refuse = (key = /^own\//): void => {
  server.faults.add({ effect: 'forbidden', on: 'PutObject', key, times: Infinity })
}

describe('a tenant’s store that refuses for good', () => {
  test.each([
    ['before there is a table', false],
    ['when rows wait for a commit', true],
  ])('%s: its partitions wait, the others go on, and nothing is lost or doubled', async (_, hasTable) => {
    const clock = new FakeClock({ impatient: true })
    const run = sink({}, clock)
    await run.start([ACME, BETA])
    if (hasTable) {
      await run.put([record(ACME.topic, 0)])
      await run.flush(true)
    }
    refuse()
    const from = hasTable ? 1 : 0
    await run.put([record(ACME.topic, from), record(BETA.topic, 0), record(ACME.topic, from + 1)])
    expect(await run.flush(true)).toEqual([
      { ...ACME, offset: from },
      { ...BETA, offset: 1 },
    ])
    // What the flush found out the worker knows before it fetches again.
    await run.put([])
    expect([...run.context.paused]).toEqual(['acme.orders-0'])
    expect(run.positions).toContainEqual({ ...ACME, offset: from })
    expect(run.context.logger.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ tenant: 'acme' }) }),
    )
    clock.advance(60_000)
    await run.put([record(BETA.topic, 1)])
    expect([...run.context.paused]).toEqual([])
    // Still refused.
    await run.put([record(ACME.topic, from)])
    await run.flush(true)
    await run.put([])
    expect([...run.context.paused]).toEqual(['acme.orders-0'])
    server.faults.clear()
    clock.advance(60_000)
    await run.put([record(ACME.topic, from), record(ACME.topic, from + 1)])
    expect(await run.flush(true)).toEqual([
      { ...ACME, offset: from + 2 },
      { ...BETA, offset: 2 },
    ])
    await run.stop()
    expect([await rows('acme'), await rows('beta')]).toEqual([from + 2, 2])
  })

  test('its records are bad records meanwhile where that is asked for, each once', async () => {
    const clock = new FakeClock({ impatient: true })
    const run = sink({ 'behavior.on.tenant.errors': 'report' }, clock)
    await run.start([ACME, BETA])
    await run.put([record(ACME.topic, 0)])
    refuse()
    expect(await run.flush(true)).toEqual([
      { ...ACME, offset: 0 },
      { ...BETA, offset: 0 },
    ])
    await run.put([])
    await run.put([record(ACME.topic, 0), record(BETA.topic, 0), record(ACME.topic, 1)])
    expect(run.context.reported.map(({ record: { offset, topic } }) => [topic, offset])).toEqual([
      [ACME.topic, 0],
      [ACME.topic, 1],
    ])
    expect(run.context.reported[0]!.error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await run.flush(true)).toEqual([
      { ...ACME, offset: 2 },
      { ...BETA, offset: 1 },
    ])
    server.faults.clear()
    clock.advance(60_000)
    await run.put([record(ACME.topic, 2)])
    expect(await run.flush(true)).toContainEqual({ ...ACME, offset: 3 })
    await run.stop()
    expect([await rows('acme'), await rows('beta')]).toEqual([1, 1])
  })

  test('of one partition that feeds several tenants: it waits as a whole, and the others’ rows are there once', async () => {
    const clock = new FakeClock({ impatient: true })
    const run = sink({}, clock)
    await run.start([ACME])
    refuse()
    const mixed = [record(BETA.topic, 0, ACME.topic), record(ACME.topic, 1), record(BETA.topic, 2, ACME.topic)]
    await run.put(mixed)
    expect(await run.flush(true)).toEqual([{ ...ACME, offset: 1 }])
    server.faults.clear()
    clock.advance(60_000)
    await run.put(mixed.slice(1))
    expect(await run.flush(true)).toEqual([{ ...ACME, offset: 3 }])
    await run.stop()
    expect([await rows('acme'), await rows('beta')]).toEqual([1, 2])
  })

  test('fails the task where that is asked for, and where there are no tenants', async () => {
    const run = sink({ 'behavior.on.tenant.errors': 'fail' })
    await run.start([ACME])
    refuse()
    await expect(run.put([record(ACME.topic, 0)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await run.stop()
    refuse(/./)
    const alone = new SinkRun(lakeSink, { ...server.settings, 'lake.url': 's3://lake', 's3.retry.backoff.ms': '1' })
    await expect(alone.start([ACME])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await alone.stop()
  })
})
