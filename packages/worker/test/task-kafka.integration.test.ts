/** Clusters on which the worker's own login may do little: what Kafka Connect does with its admin client is done with its login. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { converters } from '@sluice/codecs'
import { startEmbeddedKafka, type EmbeddedKafka } from '@sluice/embedded-kafka'
import { connect, type AclBinding, type Kafka } from '@sluice/kafka'
import { kafkaConfig } from '@sluice/kafka/properties'
import {
  MemoryMetrics,
  silentLogger,
  systemClock,
  systemRandom,
  type Connector,
  type RawSettings,
  type SinkConnector,
  type SourceConnector,
} from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { Plugins } from '../src/index.ts'
import { fenceProducers } from '../src/exactly-once.ts'
import { KafkaConnectorOffsets } from '../src/positions/connector-offsets.ts'
import { inOnePlace } from '../src/positions/connector-positions.ts'
import { buildSinkTask } from '../src/sink-builder.ts'
import { buildSourceTask } from '../src/source-builder.ts'
import { adminOfTask, kafkaOfTask } from '../src/task-kafka.ts'
import type { WorkerParts } from '../src/worker-parts.ts'
import { workerSettings as declared } from '../src/worker-settings.ts'
import { eventually } from './support/eventually.ts'
import { FakePositions } from './support/source-run.ts'
import { workerSettings } from './support/test-cluster.ts'
import { countingSource, sinkOf } from './support/test-connectors.ts'

const USERS = { root: 'r', worker: 'w', writer: 'p', clerk: 'c' }

function jaas(user: keyof typeof USERS): string {
  return `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${USERS[user]}";`
}

describe('on a cluster where the worker may make and alter nothing', () => {
  let broker: EmbeddedKafka
  let root: Kafka
  const opened: Kafka[] = []

  const as = (user: keyof typeof USERS): RawSettings => ({
    'bootstrap.servers': broker.bootstrapServers,
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'PLAIN',
    'sasl.jaas.config': jaas(user),
  })

  beforeAll(async () => {
    broker = await startEmbeddedKafka({
      authorizer: true,
      configs: { 'super.users': 'User:root', 'auto.create.topics.enable': 'false' },
      listener: { sasl: { mechanisms: ['PLAIN'], users: USERS } },
    })
    root = await connect(kafkaConfig(as('root')).config)
    const everyOne = { patternType: 'literal', host: '*', permission: 'allow' } as const
    const topics = { ...everyOne, resourceType: 'topic', resourceName: '*' } as const
    const of = (user: string, ...operations: AclBinding['operation'][]): AclBinding[] =>
      operations.map((operation) => ({ ...topics, principal: `User:${user}`, operation }))
    const outcomes = await root.admin.acls.create([
      ...of('worker', 'read', 'write', 'describe'),
      ...of('writer', 'write', 'describe'),
      ...of('clerk', 'create', 'describe', 'read'),
      { ...everyOne, resourceType: 'group', resourceName: '*', principal: 'User:clerk', operation: 'read' },
      { ...everyOne, resourceType: 'group', resourceName: '*', principal: 'User:clerk', operation: 'delete' },
      { ...everyOne, resourceType: 'transactional-id', resourceName: '*', principal: 'User:clerk', operation: 'write' },
    ])
    expect(outcomes.filter(({ error }) => error !== null)).toEqual([])
  })
  afterAll(async () => {
    await root.close()
    await broker.close()
  })
  afterEach(async () => {
    for (const kafka of opened.splice(0)) await kafka.close()
  })

  async function partsOf(connector: Connector, more: RawSettings): Promise<WorkerParts> {
    const worker = { ...workerSettings(as('worker')), ...more }
    const kafka = await connect(kafkaConfig(worker).config)
    opened.push(kafka)
    return {
      worker,
      settings: declared.parse(worker),
      plugins: new Plugins({ connectors: [connector], converters, transforms: [], predicates: [] }),
      kafka,
      positions: new FakePositions(),
      metrics: new MemoryMetrics(),
      logger: silentLogger,
      clock: systemClock,
      random: systemRandom,
    }
  }

  const ADMINS = [
    ['the worker names below admin.', { 'admin.sasl.jaas.config': jaas('clerk') }, {}],
    ['the connector names below admin.override.', {}, { 'admin.override.sasl.jaas.config': jaas('clerk') }],
    [
      'the connector names, beside another one that writes',
      { 'admin.sasl.jaas.config': jaas('writer') },
      {
        'admin.override.sasl.jaas.config': jaas('clerk'),
        'producer.override.sasl.jaas.config': jaas('writer'),
      },
    ],
  ] as const

  test.each(ADMINS)("a source's topics are made by whom %s", async (what, worker, own) => {
    const topic = `source-${ADMINS.findIndex(([name]) => name === what)}`
    const connector = countingSource({}) as SourceConnector
    const settings: RawSettings = {
      name: topic,
      'connector.class': 'counting',
      topic,
      count: '20',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
      'errors.deadletterqueue.topic.name': `${topic}-letters`,
      'errors.deadletterqueue.topic.replication.factor': '1',
      ...own,
    }
    const handle = await buildSourceTask(await partsOf(connector, worker), connector, settings, 0, new MemoryLogger())
    const stop = new AbortController()
    const ended = handle.run(stop.signal)
    await eventually('all is stored', () => handle.progress().produced === 20)
    stop.abort()
    await ended
    const found = await root.admin.describeTopics([topic, `${topic}-letters`])
    expect(found.toSorted((a, b) => a.topic.length - b.topic.length)).toMatchObject([
      { topic, partitions: 3 },
      { topic: `${topic}-letters`, partitions: 1 },
    ])
  })

  test.each(ADMINS)("a sink's dead letter topic is made by whom %s", async (what, worker, own) => {
    const name = `sink-${ADMINS.findIndex(([first]) => first === what)}`
    const connector = sinkOf(() => ({ put: async () => undefined })) as SinkConnector
    const settings: RawSettings = {
      name,
      'connector.class': connector.name,
      topics: 'nothing',
      'errors.deadletterqueue.topic.name': name,
      'errors.deadletterqueue.topic.replication.factor': '1',
      ...own,
    }
    const handle = await buildSinkTask(await partsOf(connector, worker), connector, settings, 0, new MemoryLogger())
    await handle.run(AbortSignal.abort())
    expect(await root.admin.describeTopics([name])).toMatchObject([{ topic: name, partitions: 1 }])
  })

  test.each(ADMINS)("a sink's offsets are read, altered and deleted by whom %s", async (_, worker, own) => {
    const { kafka, worker: raw, clock, random, logger } = await partsOf(countingSource({}), worker)
    const offsets = new KafkaConnectorOffsets({
      kafka,
      worker: raw,
      positions: inOnePlace(new FakePositions() as never),
      transactionalId: null,
      resolve: async (settings) => ({ settings, values: new Set() }),
      clock,
      random,
      logger,
    })
    await root.admin.ensureTopics([{ topic: 'read', partitions: 1 }])
    const at = [{ topic: 'read', partition: 0, offset: 0 }]
    await offsets.alterSinkOffsets('s', own, at)
    expect(await offsets.sinkOffsets('s', own)).toEqual(at)
    await offsets.deleteSinkGroup('s', own)
    expect(await offsets.sinkOffsets('s', own)).toEqual([])
  })

  test.each(ADMINS)("a source's producers are fenced, exactly once, by whom %s", async (_, worker, own) => {
    await fenceProducers(await partsOf(countingSource({}), worker), own, ['once-0', 'once-1'], silentLogger)
    const found = await root.admin.transactions.describe(['once-0', 'once-1'])
    expect(found.map(({ error }) => error)).toEqual([null, null])
  })

  test('there is no other connection where admin. says nothing else', async () => {
    const parts = await partsOf(countingSource({}), {})
    const adminBeside = async (own: RawSettings): Promise<readonly [Kafka, Kafka]> => {
      const beside = await kafkaOfTask(parts, 'producer', own, silentLogger)
      const admin = await adminOfTask(parts, own, beside, silentLogger)
      await admin.close()
      await beside.close()
      return [admin.kafka, beside.kafka]
    }
    const [same] = await adminBeside({ 'admin.override.request.timeout.ms': '5000' })
    expect(same).toBe(parts.kafka)
    const login = { 'producer.override.sasl.jaas.config': jaas('writer') }
    const [workers, writers] = await adminBeside(login)
    expect(workers).toBe(parts.kafka)
    expect(writers).not.toBe(parts.kafka)
    const [both, theirs] = await adminBeside({ ...login, 'admin.override.sasl.jaas.config': jaas('writer') })
    expect(both).toBe(theirs)
  })

  test('clients that lead to another cluster have their topics made there, unless admin. says where', async () => {
    const other = await startEmbeddedKafka({})
    try {
      const parts = await partsOf(countingSource({}), {})
      const there = {
        'producer.override.bootstrap.servers': other.bootstrapServers,
        'producer.override.security.protocol': 'PLAINTEXT',
      }
      const beside = await kafkaOfTask(parts, 'producer', there, silentLogger)
      opened.push(beside.kafka)
      expect((await adminOfTask(parts, there, beside, silentLogger)).kafka).toBe(beside.kafka)
      const here = { ...there, 'admin.override.bootstrap.servers': broker.bootstrapServers }
      expect((await adminOfTask(parts, here, beside, silentLogger)).kafka).toBe(parts.kafka)
      // Another way to the same cluster is no other cluster.
      const around = {
        'producer.override.bootstrap.servers': broker.bootstrapServers.replace('127.0.0.1', 'localhost'),
      }
      const byName = await kafkaOfTask(parts, 'producer', around, silentLogger)
      opened.push(byName.kafka)
      expect((await adminOfTask(parts, around, byName, silentLogger)).kafka).toBe(parts.kafka)
    } finally {
      await other.close()
    }
  })

  test('an override that the policy does not allow is refused where it would be used, too', async () => {
    const parts = await partsOf(countingSource({}), { 'connector.client.config.override.policy': 'None' })
    const own = { 'admin.override.sasl.jaas.config': jaas('root') }
    await expect(kafkaOfTask(parts, 'admin', own, silentLogger)).rejects.toThrow(
      "The 'None' policy does not allow 'sasl.jaas.config' to be overridden in the connector configuration.",
    )
  })
})
