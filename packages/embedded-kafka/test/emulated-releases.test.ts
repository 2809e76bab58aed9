/** The port against the versions of each release: what it needs is there, in the versions that were there. */
import { describe, expect, test } from '@jest/globals'
import { connect } from '@sluice/kafka'
import { type EmulatedRelease, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { batchOf } from './support/batches.ts'
import { RawClient } from './support/raw-client.ts'
import { createTopic, produceBody } from './support/requests.ts'

const RELEASES: readonly EmulatedRelease[] = ['3.6', '3.9', '4.0', '4.3']

describe.each(RELEASES)('as Apache Kafka %s', (emulate) => {
  test('records go in, in a transaction too, and come out', async () => {
    await using broker = await startEmbeddedKafka({ emulate })
    const kafka = await connect({ bootstrapServers: broker.bootstrapServers, clientId: 'emulated' })
    try {
      await kafka.admin.topics.create([{ topic: 'orders', partitions: 1 }])
      const value = (text: string) => [
        { topic: 'orders', partition: 0, key: null, value: Buffer.from(text), timestamp: null, headers: null },
      ]
      const producer = kafka.producer()
      await producer.produce(value('plain'))
      await producer.close()
      const transactional = await kafka.transactionalProducer({ transactionalId: 't' })
      transactional.begin()
      await transactional.produce(value('aborted'))
      await transactional.abort()
      transactional.begin()
      await transactional.produce(value('committed'))
      await transactional.commit()
      await transactional.close()

      const fetcher = kafka.fetcher({ isolation: 'read_committed' })
      fetcher.assign([{ topic: 'orders', partition: 0, offset: 0 }])
      const read: string[] = []
      while (read.length < 2) {
        for (const { batches } of await fetcher.poll(1000)) {
          for (const records of batches) {
            for (let i = 0; i < records.count; i++) read.push(Buffer.from(records.value(i)!).toString())
          }
        }
      }
      await fetcher.close()
      expect(read).toEqual(['plain', 'committed'])
      // Transactions v2 has producers leave it to the broker to add partitions.
      const hasAdded = broker.requests().some(({ api }) => api === 'AddPartitionsToTxn')
      expect(hasAdded).toBe(emulate < '4.0')
    } finally {
      await kafka.close()
    }
  })
})

test.each([
  ['3.9', 0],
  ['4.3', kafkaErrorCode('INVALID_TIMESTAMP')],
] as const)('as Apache Kafka %s a record of tomorrow is answered with %i', async (emulate, errorCode) => {
  await using broker = await startEmbeddedKafka({ emulate })
  const client = await RawClient.open(broker.addresses[0]!.port)
  const topic = await createTopic(client, 'orders')
  const batch = batchOf(['of tomorrow'], {}, Date.now() + 86_400_000)
  const { responses } = await client.send('Produce', produceBody(topic, batch), 9)
  expect(responses[0]!.partitionResponses[0]).toMatchObject({ errorCode, logStartOffset: 0 })
  client.close()
})

test('as Apache Kafka 2.8 the port is told what it lacks', async () => {
  await using broker = await startEmbeddedKafka({ emulate: '2.8' })
  const kafka = await connect({ bootstrapServers: broker.bootstrapServers, clientId: 'emulated' })
  await expect(kafka.transactionalProducer({ transactionalId: 't' })).rejects.toMatchObject({
    code: 'KAFKA_REFUSED',
    remedy: expect.stringContaining('3.0 or later'),
  })
  await kafka.close()
})
