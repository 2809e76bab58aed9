/** The files sink with a store per tenant, on an S3 server that refuses one of them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RawSettings, SinkRecord } from '@sluice/sdk'
import { S3TestServer } from '@sluice/object-store/testing'
import { FakeClock, FakeSinkContext, SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { filesSink } from '@sluice/connector-lake'
import { orders } from './file-runs.ts'

let server: S3TestServer
beforeEach(async () => {
  server = await S3TestServer.start({ buckets: ['acme', 'beta', 'lake'] })
})
afterEach(() => server.stop())

const ACME = { topic: 'acme.orders', partition: 0 }
const BETA = { topic: 'beta.orders', partition: 0 }
const record = (topic: string, offset: number): SinkRecord =>
  sinkRecord({ topic, partition: 0, offset }, { id: offset, shop: null }, orders)

function run(settings: RawSettings = {}, clock = new FakeClock({ impatient: true })): SinkRun {
  const tenants = {
    acme: { 'lake.url': 's3://acme/lake', 's3.ssea.name': 'aws:kms', 's3.sse.kms.key.id': 'acme-key' },
    beta: { 'lake.url': 's3://beta' },
  }
  const raw = {
    ...server.settings,
    'lake.url': 's3://lake',
    'format.class': 'json',
    'flush.size': '2',
    's3.retry.backoff.ms': '1',
    'topic.pattern': String.raw`(?<tenant>[^.]+)\..+`,
    tenants: JSON.stringify(tenants),
    ...settings,
  }
  return new SinkRun(filesSink, raw, new FakeSinkContext(clock))
}

const files = (bucket: string): string[] =>
  server.keys(bucket).filter((key) => key.endsWith('.json') && !key.includes('_commits'))

test('each tenant’s files are in its own bucket, under its own key; a topic of none is of bad records', async () => {
  const here = run()
  const other = { topic: 'gamma.orders', partition: 0 }
  await here.start([ACME, BETA, other, { topic: 'odd', partition: 0 }])
  await here.put([ACME, BETA].flatMap(({ topic }) => [record(topic, 0), record(topic, 1)]))
  await here.put([record('gamma.orders', 0)])
  expect(await here.flush(true)).toEqual([
    { ...ACME, offset: 2 },
    { ...BETA, offset: 2 },
    { ...other, offset: 1 },
    { topic: 'odd', partition: 0, offset: 0 },
  ])
  await here.stop()
  expect(files('acme')).toEqual(['lake/topics/acme.orders/partition=0/acme.orders+0+0000000000.json'])
  expect(files('beta')).toEqual(['topics/beta.orders/partition=0/beta.orders+0+0000000000.json'])
  expect(files('lake')).toEqual([])
  expect(here.context.reported).toMatchObject([{ record: { topic: 'gamma.orders' }, error: { code: 'DATA_INVALID' } }])
  for (const key of server.keys('acme'))
    expect(server.object('acme', key)!.headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('acme-key')
})

describe('a tenant’s store that refuses for good', () => {
  const refuse = (times = Infinity): void => {
    server.faults.add({ effect: 'forbidden', on: 'PutObject', key: /^lake\//, times })
  }

  test.each(['from the beginning', 'later'])(
    '%s: its partitions wait, the others go on, and it is tried again',
    async (when) => {
      const clock = new FakeClock({ impatient: true })
      const here = run({ 'tenant.retry.ms': '60000' }, clock)
      if (when === 'from the beginning') refuse()
      await here.start([ACME, BETA])
      refuse()
      if (when === 'later') await here.put([record(ACME.topic, 0), record(BETA.topic, 0)])
      const from = when === 'later' ? 1 : 0
      await here.put([
        ...(when === 'later' ? [record(ACME.topic, 1)] : []),
        record(BETA.topic, from),
        record(BETA.topic, 1),
      ])
      expect([...here.context.paused]).toEqual(['acme.orders-0'])
      expect(await here.flush()).toEqual([{ ...BETA, offset: 2 }])
      expect(here.positions).toContainEqual({ ...ACME, offset: 0 })
      expect(here.context.logger.lines).toContainEqual(
        expect.objectContaining({ level: 'error', fields: expect.objectContaining({ tenant: 'acme' }) }),
      )
      // Still refused: it waits on.
      clock.advance(60_000)
      await here.put([record(BETA.topic, 2), record(BETA.topic, 3)])
      expect([...here.context.paused]).toEqual(['acme.orders-0'])
      server.faults.clear()
      clock.advance(60_000)
      await here.put([])
      expect([...here.context.paused]).toEqual([])
      await here.put([record(ACME.topic, 0), record(ACME.topic, 1)])
      expect(await here.flush(true)).toEqual(
        expect.arrayContaining([
          { ...ACME, offset: 2 },
          { ...BETA, offset: 4 },
        ]),
      )
      expect(files('acme')).toHaveLength(1)
      expect(files('beta')).toHaveLength(2)
      await here.stop()
    },
  )

  test('its records are bad records meanwhile where that is asked for, each once', async () => {
    const clock = new FakeClock({ impatient: true })
    const here = run({ 'tenant.retry.ms': '60000', 'behavior.on.tenant.errors': 'report' }, clock)
    await here.start([ACME, BETA])
    refuse()
    await here.put([0, 1, 2].map((offset) => record(ACME.topic, offset)))
    expect(await here.flush()).toEqual([{ ...BETA, offset: 0 }])
    expect(here.context.reported).toEqual([])
    expect(here.positions).toContainEqual({ ...ACME, offset: 0 })
    await here.put([0, 1, 2].map((offset) => record(ACME.topic, offset)))
    expect(here.context.reported.map(({ record: { offset } }) => offset)).toEqual([0, 1, 2])
    expect(here.context.reported[0]!.error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await here.flush()).toContainEqual({ ...ACME, offset: 3 })
    server.faults.clear()
    clock.advance(60_000)
    await here.put([record(ACME.topic, 3), record(ACME.topic, 4)])
    expect(await here.flush(true)).toContainEqual({ ...ACME, offset: 5 })
    expect(files('acme')).toEqual(['lake/topics/acme.orders/partition=0/acme.orders+0+0000000003.json'])
    await here.stop()
  })

  test('fails the task where that is asked for', async () => {
    const here = run({ 'behavior.on.tenant.errors': 'fail' })
    await here.start([ACME, BETA])
    refuse()
    const records = [record(ACME.topic, 0), record(ACME.topic, 1)]
    await expect(here.put(records)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
    await here.stop()
  })

  test('a store that is only away for now is waited for, and parks nobody', async () => {
    const here = run({ 's3.attempts.max': '1' })
    await here.start([ACME, BETA])
    server.faults.add({ effect: 'unavailable', on: 'PutObject', key: /^lake\//, times: Infinity })
    await here.put([ACME, BETA].flatMap(({ topic }) => [record(topic, 0), record(topic, 1)]))
    expect([...here.context.paused]).toEqual([])
    server.faults.clear()
    await here.put([])
    expect(await here.flush(true)).toContainEqual({ ...ACME, offset: 2 })
    await here.stop()
  })
})
