/** Members of kafkajs in one group on the embedded broker. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'

const PARTITIONS = 4

describe('a group of kafkajs members', () => {
  let broker: EmbeddedKafka
  let kafka: Kafka
  let consumers: Consumer[]

  beforeEach(async () => {
    broker = await startEmbeddedKafka()
    kafka = new Kafka({ brokers: broker.bootstrapServers.split(','), logLevel: logLevel.NOTHING })
    consumers = []
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 't', numPartitions: PARTITIONS }], waitForLeaders: true })
    await admin.disconnect()
  })
  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()))
    await broker.close()
  })

  /** A member; `held` is what it was assigned last, `read` what it got. */
  async function member(): Promise<{ consumer: Consumer; held: number[]; read: string[] }> {
    const consumer = kafka.consumer({
      groupId: 'g',
      sessionTimeout: 10_000,
      heartbeatInterval: 100,
      maxWaitTimeInMs: 100,
    })
    const found = { consumer, held: [] as number[], read: [] as string[] }
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      found.held = [...(payload.memberAssignment['t'] ?? [])]
    })
    consumers.push(consumer)
    await consumer.connect()
    await consumer.subscribe({ topics: ['t'], fromBeginning: true })
    await consumer.run({
      eachMessage: ({ message }) => {
        found.read.push(String(message.value))
        return Promise.resolve()
      },
    })
    return found
  }

  async function eventually(holds: () => boolean): Promise<void> {
    for (let i = 0; i < 400 && !holds(); i++) await new Promise((resolve) => void setTimeout(resolve, 50))
    expect(holds()).toBe(true)
  }

  async function produce(...values: string[]): Promise<void> {
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 't', messages: values.map((value, i) => ({ value, partition: i % PARTITIONS })) })
    await producer.disconnect()
  }

  test('shares the partitions, and takes them over when a member leaves', async () => {
    const first = await member()
    await eventually(() => first.held.length === PARTITIONS)
    const second = await member()
    await eventually(() => first.held.length === 2 && second.held.length === 2)
    expect(new Set([...first.held, ...second.held]).size).toBe(PARTITIONS)
    await first.consumer.disconnect()
    consumers.splice(0, 1)
    await eventually(() => second.held.length === PARTITIONS)
  })

  test('reads every record once, and goes on behind what was committed', async () => {
    const [first, second] = [await member(), await member()]
    await eventually(() => first.held.length === 2 && second.held.length === 2)
    await produce('a', 'b', 'c', 'd')
    await eventually(() => first.read.length + second.read.length === 4)
    await Promise.all(consumers.splice(0).map((consumer) => consumer.disconnect()))
    await produce('e', 'f')
    const third = await member()
    await eventually(() => third.read.length >= 2)
    expect(third.read.toSorted((a, b) => a.localeCompare(b))).toEqual(['e', 'f'])
  })
})
