/** @platformatic/kafka, whose protocol code is its own, on the embedded broker: everything it has, where it does it right itself. */
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  Admin,
  CompressionAlgorithms,
  ConfigResourceTypes,
  Consumer,
  type ConsumerOptions,
  IncrementalAlterConfigOperationTypes,
  type Message,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { connect } from '@sluice/kafka'
import { eventually } from './support/eventually.ts'
import { installedVersion } from './support/installed.ts'
import { readAll } from './support/read-all.ts'

jest.setTimeout(60_000)
console.log(`@platformatic/kafka ${installedVersion('@platformatic/kafka')}`)

const PARTITIONS = 4
type TextConsumer = Consumer<string, string, string, string>
type TextConsumerOptions = ConsumerOptions<string, string, string, string>
type TextMessage = Message<string, string, string, string>
type GroupSettings = Partial<TextConsumerOptions>

/** The kinds of group it knows. */
const GROUPS: Record<string, GroupSettings> = {
  roundrobin: { heartbeatInterval: 100 },
  'cooperative-sticky': { heartbeatInterval: 100, protocols: [{ name: 'cooperative-sticky', version: 3 }] },
  'KIP-848': { groupProtocol: 'consumer' },
}

describe('@platformatic/kafka', () => {
  let broker: EmbeddedKafka
  let base: { clientId: string; bootstrapBrokers: string[]; timeout: number }
  let admin: Admin
  let members: Member[]

  beforeEach(async () => {
    broker = await startEmbeddedKafka({
      configs: {
        'group.initial.rebalance.delay.ms': '0',
        'group.consumer.min.heartbeat.interval.ms': '200',
        'group.consumer.heartbeat.interval.ms': '200',
      },
    })
    base = { clientId: 'platformatic', bootstrapBrokers: broker.bootstrapServers.split(','), timeout: 20_000 }
    admin = new Admin(base)
    await admin.createTopics({ topics: ['from', 'to'], partitions: PARTITIONS, replicas: 1 })
    members = []
  })
  afterEach(async () => {
    for (const member of members) await member.leave()
    await admin.close()
    await broker.close()
  })

  /** A member of a group; what it read, and what it holds. */
  async function member(groupId: string, settings: GroupSettings): Promise<Member> {
    const options = { ...base, groupId, deserializers: stringDeserializers, ...settings }
    const consumer = new Consumer<string, string, string, string>(options)
    const found = new Member(consumer)
    members.push(found)
    await found.start()
    return found
  }

  async function produce(count: number, compression: keyof typeof CompressionAlgorithms = 'NONE'): Promise<string[]> {
    const producer = new Producer<string, string, string, string>({
      ...base,
      idempotent: true,
      serializers: stringSerializers,
    })
    const messages = Array.from({ length: count }, (_, i) => ({
      topic: 'from',
      key: `key ${i}`,
      value: 'v'.repeat(i),
      partition: i % PARTITIONS,
      headers: { codec: compression },
    }))
    await producer.send({ messages, acks: -1, compression: CompressionAlgorithms[compression] })
    await producer.close()
    return messages.map(({ key, value }) => `${key} ${value}`)
  }

  async function committed(groupId: string): Promise<number> {
    const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
    const partitions = group!.topics.flatMap((topic) => topic.partitions)
    return partitions.reduce((sum, { committedOffset }) => sum + Math.max(Number(committedOffset), 0), 0)
  }

  test.each(['NONE', 'GZIP', 'SNAPPY', 'LZ4', 'ZSTD'] as const)(
    'produces idempotently with codec %s and reads it back',
    async (codec) => {
      const sent = await produce(500, codec)
      const reader = await member('readers', {})
      await eventually('everything is read', () => reader.read.length >= 500)
      expect(new Set(reader.read)).toEqual(new Set(sent))
      expect(reader.read).toHaveLength(500)
    },
  )

  test.each(Object.keys(GROUPS))('two members of a %s group share, commit, and one takes over', async (kind) => {
    const [one, other] = [await member('group', GROUPS[kind]!), await member('group', GROUPS[kind]!)]
    await eventually('they share', () => one.held.length === 2 && other.held.length === 2)
    expect(new Set([...one.held, ...other.held]).size).toBe(PARTITIONS)
    await produce(400)
    await eventually('everything is read', () => one.read.length + other.read.length === 400)
    await eventually('everything is committed', async () => (await committed('group')) === 400)
    await one.leave()
    await eventually('the other takes over', () => other.held.length === PARTITIONS)
    await produce(40)
    await eventually('it goes on', () => one.read.length + other.read.length >= 440)
    await eventually('it commits', async () => (await committed('group')) === 440)
    expect(one.read.length + other.read.length).toBe(440)
  })

  test('transactions carry records and offsets together, or neither', async () => {
    await produce(PARTITIONS)
    const reader = await member('copiers', { autocommit: false })
    await eventually('everything is read', () => reader.read.length === PARTITIONS)
    // Its defaults are 0 and 0, which a broker takes for a producer that was before.
    const first = { producerId: -1n, producerEpoch: -1 }
    const settings = { ...base, ...first, transactionalId: 'copier', idempotent: true, serializers: stringSerializers }
    const producer = new Producer<string, string, string, string>(settings)
    for (const value of ['aborted', 'committed']) {
      const transaction = await producer.beginTransaction()
      for (let partition = 0; partition < PARTITIONS; partition++)
        await transaction.send({ messages: [{ topic: 'to', key: 'k', value, partition }] })
      await transaction.addConsumer(reader.consumer)
      for (const message of reader.messages) await transaction.addOffset(message)
      await (value === 'aborted' ? transaction.abort() : transaction.commit())
      expect(await committed('copiers')).toBe(value === 'aborted' ? 0 : PARTITIONS)
    }
    const zombie = await producer.beginTransaction()
    await zombie.send({ messages: [{ topic: 'to', key: 'k', value: 'zombie', partition: 0 }] })
    const successor = new Producer<string, string, string, string>(settings)
    const next = await successor.beginTransaction()
    await next.send({ messages: [{ topic: 'to', key: 'k', value: 'successor', partition: 0 }] })
    await next.commit()
    await expect(zombie.commit()).rejects.toThrow()
    await successor.close()
    await producer.close()

    const client = await connect({ bootstrapServers: broker.bootstrapServers })
    const seen = await readAll(client, 'to', 'read_committed')
    await client.close()
    const values = seen.map(({ value }) => value.toString())
    expect([values.filter((value) => value === 'committed').length, values.includes('successor')]).toEqual([4, true])
    expect(values).toHaveLength(PARTITIONS + 1)
  })

  test('the admin makes, describes, changes and deletes', async () => {
    await expect(admin.createTopics({ topics: ['from'], partitions: 1, replicas: 1 })).rejects.toThrow()
    await admin.createPartitions({ topics: [{ name: 'to', count: 6 }] })
    expect(await admin.listTopics()).toEqual(expect.arrayContaining(['from', 'to']))

    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: 'to' }
    const { SET } = IncrementalAlterConfigOperationTypes
    const configs = [{ name: 'retention.ms', configOperation: SET, value: '7777' }]
    await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] })
    const [described] = await admin.describeConfigs({
      resources: [{ ...resource, configurationKeys: ['retention.ms'] }],
    })
    expect(described!.configs).toMatchObject([{ name: 'retention.ms', value: '7777' }])

    await produce(40)
    const partitions = [{ partition: 0, offset: 4n }]
    expect(await admin.deleteRecords({ topics: [{ name: 'from', partitions }] })).toEqual([
      { name: 'from', partitions: [{ partition: 0, lowWatermark: 4n }] },
    ])
    const wanted = [-2n, -1n].map((timestamp) => ({ name: 'from', partitions: [{ partitionIndex: 0, timestamp }] }))
    const offsets = await Promise.all(wanted.map(async (topic) => admin.listOffsets({ topics: [topic] })))
    expect(offsets.map(([topic]) => topic!.partitions[0]!.offset)).toEqual([4n, 10n])

    const partitionOffsets = [{ partition: 1, offset: 7n }]
    await admin.alterConsumerGroupOffsets({ groupId: 'set', topics: [{ name: 'from', partitionOffsets }] })
    expect(await committed('set')).toBe(7)
    expect([...(await admin.listGroups()).keys()]).toContain('set')
    expect((await admin.describeGroups({ groups: ['set'] })).get('set')).toMatchObject({ state: 'Empty' })
    await admin.deleteConsumerGroupOffsets({ groupId: 'set', topics: [{ name: 'from', partitionIndexes: [1] }] })
    expect(await committed('set')).toBe(0)

    const logDirs = await admin.describeLogDirs({ topics: [{ name: 'from', partitions: [0] }] })
    expect(logDirs[0]!.results[0]!.topics).toMatchObject([{ name: 'from' }])
    await admin.deleteTopics({ topics: ['to'] })
    expect(await admin.listTopics()).not.toContain('to')
  })
})

class Member {
  readonly consumer: TextConsumer
  readonly messages: TextMessage[] = []
  #hasLeft = false

  constructor(consumer: TextConsumer) {
    this.consumer = consumer
  }

  get held(): number[] {
    return (this.consumer.assignments ?? []).flatMap(({ partitions }) => partitions)
  }

  get read(): string[] {
    return this.messages.map(({ key, value }) => `${key} ${value}`)
  }

  async start(): Promise<void> {
    const stream = await this.consumer.consume({
      topics: ['from'],
      mode: 'committed',
      fallbackMode: 'earliest',
      maxWaitTime: 100,
    })
    stream.on('data', (message) => void this.messages.push(message))
    await once(stream, 'fetch', { signal: AbortSignal.timeout(20_000) })
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return
    this.#hasLeft = true
    await this.consumer.close(true)
  }
}
