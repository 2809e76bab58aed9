/** kafkajs, which knows nothing of this broker: topics, produce, group consumption, transactions, as in Apache Kafka. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'

jest.setTimeout(60_000)

describe('kafkajs on the embedded broker', () => {
  let broker: EmbeddedKafka
  let kafka: Kafka
  beforeEach(async () => {
    broker = await startEmbeddedKafka({ nodes: 2 })
    kafka = new Kafka({ brokers: broker.bootstrapServers.split(','), logLevel: logLevel.NOTHING })
  })
  afterEach(() => broker.close())

  async function readAll(topic: string, count: number): Promise<string[]> {
    const consumer = kafka.consumer({ groupId: 'readers', readUncommitted: false, maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const values: string[] = []
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: ({ message }) => {
            values.push(message.value!.toString())
            if (values.length === count) resolve()
            return Promise.resolve()
          },
        })
        .catch(reject)
    })
    await consumer.disconnect()
    return values.toSorted((a, b) => a.localeCompare(b))
  }

  test('what is produced is consumed by a group', async () => {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] })
    const producer = kafka.producer()
    await producer.connect()
    const values = Array.from({ length: 100 }, (_, i) => `value ${String(i).padStart(3, '0')}`)
    await producer.send({ topic: 'orders', messages: values.map((value, i) => ({ key: `k${i}`, value })) })
    expect(await readAll('orders', 100)).toEqual(values)
    const offsets = await admin.fetchOffsets({ groupId: 'readers', topics: ['orders'] })
    expect(offsets[0]!.partitions.reduce((sum, { offset }) => sum + Number(offset), 0)).toBe(100)
    await producer.disconnect()
    await admin.disconnect()
  })

  test('of two transactions, one aborted, readers see the other', async () => {
    const producer = kafka.producer({ transactionalId: 'tx', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const [value, isCommitted] of [
      ['aborted', false],
      ['committed', true],
    ] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'ledger', messages: [{ value }] })
      await (isCommitted ? transaction.commit() : transaction.abort())
    }
    expect(await readAll('ledger', 1)).toEqual(['committed'])
    await producer.disconnect()
  })
})
