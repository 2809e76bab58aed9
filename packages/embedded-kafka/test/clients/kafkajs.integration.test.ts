/** kafkajs, whose protocol code is its own, on the embedded broker: everything it has, where it does it right itself. */
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import kafkajs, { type Admin, type Consumer, type Kafka } from 'kafkajs'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { eventually } from './support/eventually.ts'
import { installedVersion } from './support/installed.ts'

jest.setTimeout(60_000)
console.log(`kafkajs ${installedVersion('kafkajs')}`)

const PARTITIONS = 4
const { CompressionCodecs, CompressionTypes } = kafkajs

CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer),
  decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
})

describe('kafkajs', () => {
  let broker: EmbeddedKafka
  let kafka: Kafka
  let admin: Admin
  let consumers: Consumer[]

  beforeEach(async () => {
    broker = await startEmbeddedKafka({ configs: { 'group.initial.rebalance.delay.ms': '0' } })
    kafka = new kafkajs.Kafka({ brokers: broker.bootstrapServers.split(','), logLevel: kafkajs.logLevel.NOTHING })
    admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: ['from', 'to'].map((topic) => ({ topic, numPartitions: PARTITIONS })) })
    consumers = []
  })
  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()))
    await admin.disconnect()
    await broker.close()
  })

  /** A member of a group; `held` is what it was assigned last, `read` what it got. */
  async function member(groupId: string, topic: string): Promise<Member> {
    const consumer = kafka.consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 100, maxWaitTimeInMs: 100 })
    consumers.push(consumer)
    const found: Member = { consumer, held: [], read: [] }
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      found.held = [...(payload.memberAssignment[topic] ?? [])]
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: ({ message }) => {
        found.read.push(`${message.key?.toString()} ${message.value!.toString()}`)
        return Promise.resolve()
      },
    })
    return found
  }

  async function produce(topic: string, count: number, compression = CompressionTypes.None): Promise<string[]> {
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const messages = Array.from({ length: count }, (_, i) => ({
      key: `key ${i}`,
      value: 'v'.repeat(i),
      partition: i % 4,
    }))
    await producer.send({ topic, messages, compression, acks: -1 })
    await producer.disconnect()
    return messages.map(({ key, value }) => `${key} ${value}`)
  }

  async function committed(groupId: string, topic: string): Promise<number> {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return found!.partitions.reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0)
  }

  test.each(['None', 'GZIP', 'ZSTD'] as const)(
    'produces idempotently with codec %s and reads it back',
    async (codec) => {
      const sent = await produce('from', 500, CompressionTypes[codec])
      const reader = await member('readers', 'from')
      await eventually('everything is read', () => reader.read.length >= 500)
      expect(new Set(reader.read)).toEqual(new Set(sent))
      expect(reader.read).toHaveLength(500)
    },
  )

  test('two members share, commit, and one takes over where the other was', async () => {
    const [one, other] = [await member('group', 'from'), await member('group', 'from')]
    await eventually('they share', () => one.held.length === 2 && other.held.length === 2)
    expect(new Set([...one.held, ...other.held]).size).toBe(PARTITIONS)
    const described = await admin.describeGroups(['group'])
    expect(described.groups[0]).toMatchObject({
      state: 'Stable',
      protocolType: 'consumer',
      protocol: 'RoundRobinAssigner',
    })
    expect(described.groups[0]!.members).toHaveLength(2)
    await produce('from', 400)
    await eventually('everything is read', () => one.read.length + other.read.length === 400)
    await one.consumer.disconnect()
    await eventually('the other takes over', () => other.held.length === PARTITIONS)
    await produce('from', 40)
    await eventually('it goes on', () => one.read.length + other.read.length >= 440)
    await other.consumer.disconnect()
    expect([one.read.length + other.read.length, await committed('group', 'from')]).toEqual([440, 440])
  })

  test('transactions carry records and offsets together, or neither', async () => {
    await produce('from', 40)
    const producer = kafka.producer({ transactionalId: 'copier', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const outcomes = ['aborted', 'first', 'aborted', 'aborted', 'second']
    for (const [i, value] of outcomes.entries()) {
      const transaction = await producer.transaction()
      const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ key: 'k', value, partition }))
      await transaction.send({ topic: 'to', messages })
      const partitions = [{ partition: 0, offset: String(i + 1) }]
      await transaction.sendOffsets({ consumerGroupId: 'copiers', topics: [{ topic: 'from', partitions }] })
      await (value === 'aborted' ? transaction.abort() : transaction.commit())
      expect(await committed('copiers', 'from')).toBe(
        value === 'aborted' ? outcomes.lastIndexOf('first', i) + 1 : i + 1,
      )
    }
    const successor = kafka.producer({ transactionalId: 'copier', idempotent: true, maxInFlightRequests: 1 })
    const late = await producer.transaction()
    await late.send({ topic: 'to', messages: [{ key: 'k', value: 'zombie', partition: 0 }] })
    await successor.connect()
    await (await successor.transaction()).abort()
    await expect(late.commit()).rejects.toThrow(/epoch|fenced/i)
    await successor.disconnect()
    await producer.disconnect()

    const reader = await member('readers', 'to')
    await eventually('everything committed is read', () => reader.read.length >= 2 * PARTITIONS)
    const marker = await produce('to', PARTITIONS)
    await eventually('and what came after it', () => reader.read.length >= 3 * PARTITIONS)
    const count = (wanted: string): number => reader.read.filter((value) => value === wanted).length
    expect([count('k first'), count('k second'), ...marker.map(count)]).toEqual([4, 4, 1, 1, 1, 1])
    expect(reader.read).toHaveLength(12)
  })

  test('the admin makes, describes, changes and deletes', async () => {
    expect(await admin.createTopics({ topics: [{ topic: 'from' }] })).toBe(false)
    await admin.createPartitions({ topicPartitions: [{ topic: 'to', count: 6 }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['to'] })
    expect(topics[0]!.partitions.map(({ leader, replicas }) => `${leader} ${replicas.join()}`)).toEqual(
      Array(6).fill('1 1'),
    )
    expect(await admin.listTopics()).toEqual(expect.arrayContaining(['from', 'to']))
    expect(await admin.describeCluster()).toMatchObject({ clusterId: broker.clusterId, brokers: [{ nodeId: 1 }] })

    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: 'to' }
    const configEntries = [{ name: 'retention.ms', value: '7777' }]
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
    const { resources } = await admin.describeConfigs({
      includeSynonyms: true,
      resources: [{ ...resource, configNames: ['retention.ms'] }],
    })
    expect(resources[0]!.configEntries).toMatchObject([{ configName: 'retention.ms', configValue: '7777' }])

    await produce('from', 40)
    await admin.deleteTopicRecords({ topic: 'from', partitions: [{ partition: 0, offset: '4' }] })
    const ends = await admin.fetchTopicOffsets('from')
    expect(ends.find(({ partition }) => partition === 0)).toMatchObject({ low: '4', high: '10' })
    const future = await admin.fetchTopicOffsetsByTimestamp('from', Date.now() + 60_000)
    expect(future.map(({ offset }) => Number(offset))).toEqual([10, 10, 10, 10])

    await admin.setOffsets({ groupId: 'set', topic: 'from', partitions: [{ partition: 1, offset: '7' }] })
    expect(await committed('set', 'from')).toBe(7)
    expect((await admin.listGroups()).groups.map(({ groupId }) => groupId)).toContain('set')
    expect(await admin.deleteGroups(['set'])).toMatchObject([{ groupId: 'set', errorCode: 0 }])

    await admin.deleteTopics({ topics: ['to'] })
    expect(await admin.listTopics()).not.toContain('to')
  })
})

interface Member {
  readonly consumer: Consumer
  held: number[]
  readonly read: string[]
}
