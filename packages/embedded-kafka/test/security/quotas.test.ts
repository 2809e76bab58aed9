import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { Rate } from '../../src/security/rate.ts'
import { batchOf } from '../support/batches.ts'
import { RawClient } from '../support/raw-client.ts'
import { type RawTopic, createTopic, fetchBody, produceBody } from '../support/requests.ts'

describe('a rate', () => {
  const window = { samples: 11, sampleMs: 1000 }

  test('is within its limit as long as what moved fits the time that is measured', () => {
    const rate = new Rate(window)
    rate.record(0, 10_000)
    expect(rate.excessMs(0, 1000)).toBe(0)
    rate.record(0, 1000)
    expect(rate.excessMs(0, 1000)).toBe(1000)
    expect(rate.excessMs(0, 2000)).toBe(0)
  })

  test('has as much excess as there is to wait for', () => {
    const rate = new Rate(window)
    rate.record(0, 15_000)
    expect(rate.excessMs(0, 1000)).toBe(5000)
    expect(rate.excessMs(5000, 1000)).toBe(5000)
    rate.record(10_999, 1)
    expect(rate.excessMs(10_999, 1000)).toBeGreaterThan(4000)
    expect(rate.excessMs(11_000, 1000)).toBe(0)
  })
})

describe('a quota', () => {
  let kafka: EmbeddedKafka
  let client: RawClient
  let topic: RawTopic
  const value = 'v'.repeat(5000)

  beforeEach(async () => {
    kafka = await startEmbeddedKafka()
    kafka.freezeClock()
    client = await RawClient.open(kafka.addresses[0]!.port)
    topic = await createTopic(client, 'orders')
  })
  afterEach(async () => {
    client.close()
    await kafka.close()
  })

  async function limit(entity: Record<string, string | null>, limits: Record<string, number>): Promise<void> {
    const parts = Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }))
    const ops = Object.entries(limits).map(([key, perSecond]) => ({ key, value: perSecond, remove: false }))
    const { entries } = await client.send('AlterClientQuotas', { entries: [{ entity: parts, ops }] })
    expect(entries[0]!.errorCode).toBe(0)
  }

  async function produce(clientId: string): Promise<number> {
    const other = await RawClient.open(kafka.addresses[0]!.port)
    const answer = await other.send('Produce', produceBody(topic, batchOf([value])), 12, clientId)
    expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
    other.close()
    return answer.throttleTimeMs
  }

  test('of producers lets through what fits the window, then says how long to be quiet, and takes the records all the same', async () => {
    await limit({ user: 'ANONYMOUS' }, { producer_byte_rate: 1100 })
    expect(await produce('a')).toBe(0)
    expect(await produce('b')).toBe(0)
    const throttleMs = await produce('a')
    expect(throttleMs).toBeGreaterThan(3000)
    expect(throttleMs).toBeLessThan(5000)
    const { topics } = await client.send('ListOffsets', {
      replicaId: -1,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    })
    expect(topics[0]!.partitions[0]!.offset).toBe(3)
    kafka.advanceClock(11_000)
    expect(await produce('a')).toBe(0)
  })

  test('of consumers counts records, not requests', async () => {
    await limit({ user: null }, { consumer_byte_rate: 100 })
    for (let i = 0; i < 3; i++)
      expect((await client.send('Fetch', fetchBody(topic, { offset: 0 }), 12)).throttleTimeMs).toBe(0)
    await produce('a')
    const { throttleTimeMs } = await client.send('Fetch', fetchBody(topic), 12)
    expect(throttleTimeMs).toBeGreaterThan(30_000)
  })

  test('counts as the most specific one: of this user with this client, before that of the user, before the default', async () => {
    await limit({ user: null }, { producer_byte_rate: 1 })
    expect(await produce('a')).toBeGreaterThan(0)
    await limit({ user: 'ANONYMOUS' }, { producer_byte_rate: 1e9 })
    expect(await produce('a')).toBe(0)
    await limit({ user: 'ANONYMOUS', 'client-id': 'a' }, { producer_byte_rate: 1 })
    expect(await produce('a')).toBeGreaterThan(0)
    expect(await produce('b')).toBe(0)
    await limit({ user: 'ANONYMOUS', 'client-id': null }, { producer_byte_rate: 450 })
    expect(await produce('b')).toBeGreaterThan(0)
    // A default is for each by itself.
    expect(await produce('c')).toBeGreaterThan(0)
  })

  test('mutes the connection for that long, and no other', async () => {
    await limit({ 'client-id': 'a' }, { producer_byte_rate: 400 })
    const muted = await RawClient.open(kafka.addresses[0]!.port)
    const began = performance.now()
    const { throttleTimeMs } = await muted.send('Produce', produceBody(topic, batchOf([value])), 12, 'a')
    expect(throttleTimeMs).toBeGreaterThan(500)
    expect(performance.now() - began).toBeLessThan(throttleTimeMs)
    let isServed = false
    const next = muted.send('Metadata', { topics: [] }, 12, 'a').then(() => (isServed = true))
    await client.send('Metadata', { topics: [] }, 12)
    expect(isServed).toBe(false)
    await next
    expect(performance.now() - began).toBeGreaterThanOrEqual(throttleTimeMs)
    muted.close()
  })

  test('that is taken away limits nothing any more', async () => {
    await limit({ user: 'ANONYMOUS' }, { producer_byte_rate: 1 })
    expect(await produce('a')).toBeGreaterThan(0)
    const entity = [{ entityType: 'user', entityName: 'ANONYMOUS' }]
    const ops = [{ key: 'producer_byte_rate', value: 0, remove: true }]
    await client.send('AlterClientQuotas', { entries: [{ entity, ops }] })
    expect(await produce('a')).toBe(0)
  })
})
