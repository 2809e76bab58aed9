/** Kafka Connect's InternalTopicsIntegrationTest, by real workers on brokers of their own; in brackets the names of the scenarios there. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { fault, startEmbeddedKafka, type EmbeddedKafka, type EmbeddedKafkaOptions } from '@sluice/embedded-kafka'
import { connect, type Kafka } from '@sluice/kafka'
import type { RawSettings } from '@sluice/sdk'
import { clusterSettings, ConnectWorker } from './connect-cluster.ts'

const KINDS = ['config', 'offset', 'status'] as const

describe('the topics of a worker', () => {
  let broker: EmbeddedKafka
  let kafka: Kafka
  let worker: ConnectWorker | null = null
  /** As they were asked for. */
  const replicas = new Map<string, number>()

  async function brokers(options: EmbeddedKafkaOptions): Promise<void> {
    broker = await startEmbeddedKafka({
      ...options,
      configs: { 'auto.create.topics.enable': 'false', ...options.configs },
    })
    kafka = await connect({ bootstrapServers: broker.bootstrapServers })
    replicas.clear()
    broker.intercept(
      'CreateTopics',
      ({ body }) => {
        for (const { name, replicationFactor } of body.topics) replicas.set(name, replicationFactor)
        return fault.pass
      },
      { times: Infinity },
    )
  }

  afterEach(async () => {
    await worker?.stop()
    worker = null
    await kafka.close()
    await broker.close()
  })

  /** A worker with no settings of its topics but their names and these. */
  async function start(more: RawSettings = {}): Promise<void> {
    const all = Object.entries(clusterSettings('connect', broker.bootstrapServers))
    const named = all.filter(([key]) => !key.includes('.storage.') || key.endsWith('.topic'))
    worker = await ConnectWorker.start({ ...Object.fromEntries(named), ...more })
    await worker.healthy()
  }

  /** `partitions × replicas policy` of each; the replicas are those asked for: a virtual node has none. */
  async function made(): Promise<readonly string[]> {
    const names = KINDS.map((kind) => clusterSettings('connect')[`${kind}.storage.topic`]!)
    const topics = await kafka.admin.topics.describe(names)
    const outcomes = await kafka.admin.configs.describe(
      names.map((name) => ({ type: 'topic' as const, name, names: ['cleanup.policy'] })),
    )
    return topics.flatMap(({ item, value }, at) => {
      if (value === null) return []
      const policy = outcomes[at]?.value?.[0]?.value
      return [`${value.partitions.length} × ${replicas.get(item) ?? '?'} ${policy}`]
    })
  }

  test('are made with Kafka Connect’s defaults, and found by the next worker (testCreateInternalTopicsWithDefaultSettings)', async () => {
    await brokers({ nodes: 3 })
    for (let n = 0; n < 2; n++) {
      await start()
      expect(await made()).toEqual(['1 × 3 compact', '25 × 3 compact', '5 × 3 compact'])
      await worker!.stop()
    }
  })

  test('may have fewer replicas than there are brokers (testCreateInternalTopicsWithFewerReplicasThanBrokers)', async () => {
    await brokers({ nodes: 2 })
    const factors = { 'config.storage.replication.factor': '1', 'status.storage.replication.factor': '1' }
    await start({ ...factors, 'offset.storage.replication.factor': '2' })
    expect(await made()).toEqual(['1 × 1 compact', '25 × 2 compact', '5 × 1 compact'])
  })

  test('with more replicas than brokers are not made, and the worker says so (testFailToCreateInternalTopicsWithMoreReplicasThanBrokers)', async () => {
    await brokers({ nodes: 1 })
    const factors = { 'offset.storage.replication.factor': '2', 'status.storage.replication.factor': '1' }
    await expect(start(factors)).rejects.toMatchObject({
      message: expect.stringMatching(/replication factor/i) as unknown,
    })
    expect((await made()).length).toBeLessThan(2)
  })

  test('that are not compacted alone are refused, one by one, until all are right (testFailToStartWhenInternalTopicsAreNotCompacted)', async () => {
    await brokers({ configs: { 'log.cleanup.policy': 'delete' } })
    const policies = {
      config: { 'cleanup.policy': 'delete' },
      offset: { 'cleanup.policy': 'compact,delete' },
      status: {},
    }
    await kafka.admin.ensureTopics(
      KINDS.flatMap((kind) => [
        { topic: `bad-${kind}`, partitions: 1, configs: policies[kind] },
        { topic: `good-${kind}`, partitions: 1, configs: { 'cleanup.policy': 'compact' } },
      ]),
    )
    const names = Object.fromEntries(KINDS.map((kind) => [`${kind}.storage.topic`, `bad-${kind}`]))
    for (const kind of ['config', 'offset', 'status'] as const) {
      // Kafka Connect's order is another; each bad one is refused by itself.
      const one = Object.fromEntries(KINDS.map((each) => [`${each}.storage.topic`, `good-${each}`]))
      await expect(start({ ...one, [`${kind}.storage.topic`]: `bad-${kind}` })).rejects.toMatchObject({
        message: expect.stringMatching(
          new RegExp(
            `^Topic 'bad-${kind}' supplied via the '${kind}.storage.topic' property is required to have 'cleanup.policy=compact'`,
          ),
        ) as unknown,
      })
      names[`${kind}.storage.topic`] = `good-${kind}`
    }
    await start(names)
  })

  test('that are missing are not made where that is switched off, and the worker says which (KIP-1209)', async () => {
    await brokers({})
    await expect(start({ 'internal.topics.automatic.creation.enable': 'false' })).rejects.toMatchObject({
      message: expect.stringMatching(/^Topic '.*' supplied via the '.*' property does not exist/) as unknown,
    })
    expect(await made()).toEqual([])
  })

  test('made by hand may have their policy from the broker (testStartWhenInternalTopicsCreatedManuallyWithCompactForBrokersDefaultCleanupPolicy)', async () => {
    await brokers({ configs: { 'log.cleanup.policy': 'compact' } })
    const names = KINDS.map((kind) => clusterSettings('connect')[`${kind}.storage.topic`]!)
    await kafka.admin.ensureTopics(names.map((topic) => ({ topic, partitions: 1 })))
    await start()
    expect(await made()).toEqual(['1 × -1 compact', '1 × -1 compact', '1 × -1 compact'])
  })
})
