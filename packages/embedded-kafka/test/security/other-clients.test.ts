/** Clients that know nothing of this broker log in to it. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Admin, Producer, stringSerializers } from '@platformatic/kafka'
import type { EmbeddedKafka } from '@sluice/embedded-kafka'
import { Kafka, type SASLOptions, logLevel } from 'kafkajs'
import { certificate, startSecured } from './secured.ts'

jest.setTimeout(60_000)

const ca = readFileSync(certificate('ca.pem'), 'utf8')
const [username, password] = ['alice', 'alice-secret']

describe.each(['SASL_PLAINTEXT', 'SASL_SSL'] as const)('by %s', (listener) => {
  let broker: EmbeddedKafka
  beforeAll(async () => {
    broker = await startSecured(listener)
  })
  afterAll(() => broker.close())

  describe.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('and %s', (mechanism) => {
    const kafkajs = (secret: string): Kafka => {
      const sasl = { mechanism, username, password: secret } as SASLOptions
      const ssl = listener === 'SASL_SSL' ? { ssl: { ca } } : {}
      return new Kafka({
        brokers: [broker.bootstrapServers],
        logLevel: logLevel.NOTHING,
        sasl,
        ...ssl,
        retry: { retries: 0 },
      })
    }

    test('kafkajs produces and consumes', async () => {
      const kafka = kafkajs(password)
      const topic = `kafkajs-${mechanism}`
      const producer = kafka.producer()
      await producer.connect()
      await producer.send({ topic, messages: [{ value: 'well kept' }] })
      await producer.disconnect()
      const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 })
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      const found = await new Promise((resolve) => {
        void consumer.run({
          eachMessage: ({ message }) => Promise.resolve(resolve(message.value!.toString())),
        })
      })
      expect(found).toBe('well kept')
      await consumer.disconnect()
    })

    test('kafkajs is told of a wrong password', async () => {
      const admin = kafkajs('wrong').admin()
      await expect(admin.connect()).rejects.toThrow(/[Aa]uthentication/)
      await admin.disconnect()
    })

    test('platformatic produces', async () => {
      const options = {
        clientId: 'platformatic',
        bootstrapBrokers: [broker.bootstrapServers],
        sasl: { mechanism: mechanism.toUpperCase() as 'PLAIN', username, password },
        ...(listener === 'SASL_SSL' ? { tls: { ca } } : {}),
      }
      const topic = `platformatic-${mechanism}`
      const admin = new Admin(options)
      await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
      await admin.close()
      const producer = new Producer({ ...options, serializers: stringSerializers })
      const { offsets } = await producer.send({ messages: [{ topic, value: 'well kept' }], acks: -1 })
      expect(offsets).toEqual([{ topic, partition: 0, offset: 0n }])
      await producer.close()
    })
  })
})
