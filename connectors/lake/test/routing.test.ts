import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import { S3TestServer } from '@sluice/object-store/testing'
import { sinkRecord } from '@sluice/sdk/testing'
import { LakeFolder } from './lake-folder.ts'
import { sinkInto } from './lake-runs.ts'

const schema = struct({ id: primitive('int64'), shop: primitive('string', { optional: true }) })
const TOPICS = ['acme.orders', 'beta.orders', 'beta.returns']
const record = (topic: string, offset: number, shop: string | null = null): SinkRecord =>
  sinkRecord({ topic, partition: 0, offset }, { id: offset, shop }, schema)
const partitions = TOPICS.map((topic) => ({ topic, partition: 0 }))

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const idsIn = async (table: string): Promise<number[]> =>
  (await folder.query(table, 'select id from $files order by id')).map(({ id }) => Number(id))

describe('which table', () => {
  test('parts of the topic’s name say it; topics that do not match are bad records', async () => {
    const run = sinkInto(folder, { 'topic.pattern': String.raw`(?<who>[^.]+)\.(.+)`, 'table.name': '${2}/${who}' })
    await run.start([...partitions, { topic: 'odd', partition: 0 }])
    await run.put([...TOPICS.map((topic, i) => record(topic, i)), record('odd', 0)])
    await run.flush(true)
    await run.stop()
    expect(await folder.names()).toEqual(['orders', 'returns'])
    expect([await idsIn('orders/acme'), await idsIn('orders/beta'), await idsIn('returns/beta')]).toEqual([
      [0],
      [1],
      [2],
    ])
    expect(run.context.reported).toMatchObject([{ record: { topic: 'odd' }, error: { code: 'DATA_INVALID' } }])
  })

  test('a field says it; what would lead elsewhere is an underscore, and a record without it is bad', async () => {
    const run = sinkInto(folder, { 'table.name': 'by/${value.shop}' })
    await run.start(partitions)
    await run.put(['a', 'b', 'a', '../x', null].map((shop, i) => record('acme.orders', i, shop)))
    expect(await run.flush(true)).toContainEqual({ topic: 'acme.orders', partition: 0, offset: 5 })
    await run.stop()
    expect([await idsIn('by/a'), await idsIn('by/b'), await idsIn('by/.._x')]).toEqual([[0, 2], [1], [3]])
    expect(run.context.reported.map(({ record: { offset } }) => offset)).toEqual([4])
    // After a kill everything comes again, and each table skips what it has.
    const again = sinkInto(folder, { 'table.name': 'by/${value.shop}' })
    await again.start(partitions)
    await again.put(['a', 'b', 'a', '../x', null, 'b'].map((shop, i) => record('acme.orders', i, shop)))
    await again.flush(true)
    await again.stop()
    expect([await idsIn('by/a'), await idsIn('by/b')]).toEqual([
      [0, 2],
      [1, 5],
    ])
  })
})

describe('tenants', () => {
  const settings = { 'topic.pattern': String.raw`(?<tenant>[^.]+)\.(?<entity>.+)`, 'table.name': '${entity}' }

  test('each has a place of its own; the records of others are bad', async () => {
    const elsewhere = await LakeFolder.make()
    const run = sinkInto(folder, {
      ...settings,
      tenants: JSON.stringify({ acme: {}, beta: { 'lake.url': join(elsewhere.path, 'b') } }),
    })
    await run.start([...partitions, { topic: 'gamma.orders', partition: 0 }])
    await run.put([...TOPICS, 'gamma.orders'].map((topic, i) => record(topic, i)))
    await run.flush(true)
    await run.stop()
    expect(await folder.names()).toEqual(['acme'])
    expect(await idsIn('acme/orders')).toEqual([0])
    expect((await elsewhere.query('b/orders', 'select id from $files')).map(({ id }) => Number(id))).toEqual([1])
    expect((await elsewhere.query('b/returns', 'select id from $files')).map(({ id }) => Number(id))).toEqual([2])
    expect(run.context.reported).toMatchObject([{ record: { topic: 'gamma.orders' } }])
    await elsewhere.remove()
  })

  test('a tenant’s bucket, keys and KMS key are its own', async () => {
    await using server = await S3TestServer.start({ buckets: ['acme'] })
    const run = sinkInto(folder, {
      ...server.settings,
      ...settings,
      tenants: JSON.stringify({
        acme: { 'lake.url': 's3://acme/lake', 's3.ssea.name': 'aws:kms', 's3.sse.kms.key.id': 'acme-key' },
      }),
    })
    await run.start([partitions[0]!])
    await run.put([record('acme.orders', 0)])
    await run.flush(true)
    await run.stop()
    const written = server.keys('acme')
    expect(written.some((key) => key.startsWith('lake/orders/_delta_log/'))).toBe(true)
    // What the probe wrote was removed again.
    for (const key of written)
      expect(server.object('acme', key)!.headers['x-amz-server-side-encryption-aws-kms-key-id']).toBe('acme-key')
    expect(await folder.names()).toEqual([])
  })
})
