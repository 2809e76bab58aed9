import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { MemoryLogger } from '@sluice/sdk/testing'
import { decodeConfigRecord, encodeConfigRecord } from '../../src/storage/config-records.ts'
import { KafkaConfigStore } from '../../src/storage/kafka-config-store.ts'
import type { InternalTopic } from '../../src/storage/storage-settings.ts'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { FILES, readTopicVectors, type TopicVector } from '../support/topic-vectors.ts'
import { configStoreContract } from './config-store-contract.ts'
import { Told } from './told.ts'
import { CLIENT_IDS, internalTopic, lines } from './topic-fixture.ts'

type ExactlyOnce = 'disabled' | 'preparing' | 'enabled'

onBroker('the config topic (needs SLUICE_TEST_KAFKA)', () => {
  let cluster: TestCluster
  const opened: KafkaConfigStore[] = []
  const logger = new MemoryLogger()
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.stop()
    logger.lines.length = 0
  })
  afterAll(() => cluster.close())

  const make = (topic: InternalTopic, exactlyOnce: ExactlyOnce = 'disabled'): KafkaConfigStore => {
    const groupId = `g-${topic.topic}`
    const store = new KafkaConfigStore({
      kafka: cluster.kafka,
      topic,
      groupId,
      clientIds: CLIENT_IDS,
      exactlyOnce,
      logger,
    })
    opened.push(store)
    return store
  }
  const started = async (
    topic: InternalTopic,
    exactlyOnce?: ExactlyOnce,
    told = new Told(),
  ): Promise<KafkaConfigStore> => {
    const store = make(topic, exactlyOnce)
    await store.start(told)
    return store
  }

  for (const exactlyOnce of ['disabled', 'preparing', 'enabled'] as const)
    configStoreContract(`configs in a topic, exactly once ${exactlyOnce}`, async () =>
      make(internalTopic(cluster, 'config', 1), exactlyOnce),
    )

  test.each(FILES)(
    'what is written is what Kafka Connect wrote, record by record and offset by offset: %s',
    async (file) => {
      const isExactlyOnce = file.includes('eos')
      const topic = internalTopic(cluster, 'config', 1)
      const store = await started(topic, isExactlyOnce ? 'enabled' : 'disabled')
      await store.claimLeadership()
      const vectors = readTopicVectors(file).map(({ records }) => records.configs)
      for (const records of vectors) await writeAs(store, records)
      const text = ({
        offset,
        key,
        value,
      }: {
        offset: number
        key: Uint8Array | null
        value: Uint8Array | null
      }): string =>
        `${offset} ${Buffer.from(key!).toString()} ${value === null ? 'null' : Buffer.from(value).toString()}`
      expect((await cluster.read(topic.topic)).map(text)).toEqual(vectors.flat().map(text))
      expect(store.snapshot().offset).toBe(vectors.flat().at(-1)!.offset + 1)
    },
  )

  test('another worker hears of it; one that starts later knows it, but not what was said for the moment', async () => {
    const topic = internalTopic(cluster, 'config', 1)
    const [first, told] = [await started(topic), new Told()]
    const second = await started(topic, 'disabled', told)
    await first.putSessionKey({ key: Buffer.from('k'), algorithm: 'HmacSHA256', createdAt: 1 })
    await first.putConnector('c', { name: 'c' }, 'PAUSED')
    await first.putTaskConfigs('c', [{ n: '0' }])
    await first.putRestartRequest({ connector: 'c', includeTasks: false, onlyFailed: true })
    await second.putLoggerLevel('l', 'TRACE')
    await second.refresh(10_000)
    expect(told.take()).toEqual(['key k', 'changed c', 'tasks c-0', 'restart c false true', 'logger l TRACE'])
    const late = new Told()
    const third = await started(topic, 'disabled', late)
    expect(third.snapshot().taskConfigs('c')).toEqual([{ n: '0' }])
    expect(third.snapshot().targetState('c')).toBe('PAUSED')
    expect(Buffer.from(third.snapshot().sessionKey!.key).toString()).toBe('k')
    expect(third.snapshot().offset).toBe(first.snapshot().offset)
    expect(late.take()).toEqual([])
  })

  test('garbage and records from the future are reported with their place, and survived', async () => {
    const topic = internalTopic(cluster, 'config', 1)
    const told = new Told()
    const store = await started(topic, 'disabled', told)
    const garbage = ['connector-x {', 'hologram-x {"a":1}', 'task-x {}', 'target-state-c {"state":"ASLEEP"}']
    await cluster.put(topic.topic, [
      ...garbage.map((line) => {
        const [key = '', value = ''] = line.split(/ (.*)/s)
        return { partition: 0, key: Buffer.from(key), value: Buffer.from(value) }
      }),
      { partition: 0, key: Buffer.from([0xff, 0xfe]), value: Buffer.from('{}') },
    ])
    await store.putConnector('c', { name: 'c' }, null)
    expect(store.snapshot().offset).toBe(6)
    expect(told.take()).toEqual(['changed c'])
    const reported = logger.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['offset'])
    expect(reported).toEqual([0, 1, 2, 3, 4])
    const again = await started(topic)
    expect(again.snapshot().connectors()).toEqual(['c'])
  })

  test('a listener that fails does not stop the reading', async () => {
    const topic = internalTopic(cluster, 'config', 1)
    const told = new Told()
    told.onLine = () => {
      throw new Error('a listener')
    }
    const store = await started(topic, 'disabled', told)
    await store.putConnector('c', { name: 'c' }, null)
    await store.putConnector('d', { name: 'd' }, null)
    expect(store.snapshot().connectors()).toEqual(['c', 'd'])
  })

  test('the leader that was superseded is fenced, and no record of it is ever seen', async () => {
    const topic = internalTopic(cluster, 'config', 1)
    const [old, next] = [await started(topic, 'enabled'), await started(topic, 'enabled')]
    await old.claimLeadership()
    await old.putConnector('c', { name: 'c', by: 'old' }, null)
    await next.claimLeadership()
    await expect(old.putConnector('c', { name: 'c', by: 'zombie' }, null)).rejects.toMatchObject({
      code: 'KAFKA_FENCED',
    })
    await expect(old.putTaskConfigs('c', [])).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
    await next.putTaskConfigs('c', [{ n: '0' }])
    await old.refresh(10_000)
    expect(old.snapshot().connectorConfig('c')).toEqual({ name: 'c', by: 'old' })
    // What any worker may write it still may.
    await old.putTargetState('c', 'PAUSED')
    await old.putLoggerLevel('l', 'INFO')
    await next.refresh(10_000)
    expect(next.snapshot().targetState('c')).toBe('PAUSED')
    // And it may claim again.
    await old.claimLeadership()
    await old.putConnector('c', { name: 'c', by: 'old again' }, null)
    await expect(next.putFencingCount('c', 1)).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
  })

  test('who has not claimed leadership may not write what the leader writes', async () => {
    const store = await started(internalTopic(cluster, 'config', 1), 'preparing')
    await expect(store.putConnector('c', { name: 'c' }, null)).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
    expect(store.snapshot().connectors()).toEqual([])
  })

  test.each(['enabled', 'preparing'] as const)(
    'what a leader has not committed is seen by nobody who has exactly once support enabled: %s',
    async (exactlyOnce) => {
      const topic = internalTopic(cluster, 'config', 1)
      const store = await started(topic, exactlyOnce)
      const zombie = await cluster.kafka.transactionalProducer({ transactionalId: `connect-cluster-g-${topic.topic}` })
      zombie.begin()
      const { key, value } = encodeConfigRecord({ kind: 'connector', connector: 'z', config: { name: 'z' } })
      await zombie.produce([{ topic: topic.topic, partition: 0, key, value, timestamp: null, headers: null }])
      await store.claimLeadership()
      await store.putConnector('c', { name: 'c' }, null)
      expect(store.snapshot().connectors()).toEqual(exactlyOnce === 'enabled' ? ['c'] : ['z', 'c'])
      await expect(zombie.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
      await zombie.close(0)
    },
  )

  test('a write that is refused leaves the leader able to write', async () => {
    for (const exactlyOnce of ['disabled', 'enabled'] as const) {
      const store = await started(internalTopic(cluster, 'config', 1), exactlyOnce)
      await store.claimLeadership()
      await expect(store.putConnector('c', { name: 'c', x: 'x'.repeat(2_000_000) }, null)).rejects.toThrow()
      await store.putConnector('d', { name: 'd' }, null)
      expect(store.snapshot().connectors()).toEqual(['d'])
    }
  })

  test('writes that are made together all arrive, also in transactions', async () => {
    const topic = internalTopic(cluster, 'config', 1)
    const store = await started(topic, 'enabled')
    await store.claimLeadership()
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`)
    await Promise.all(names.map((name) => store.putConnector(name, { name }, null)))
    expect([...store.snapshot().connectors()].toSorted()).toEqual(names.toSorted())
  })

  test('the topic is made compacted, of one partition, with the settings given', async () => {
    const topic = { ...internalTopic(cluster, 'config', 1), configs: { 'segment.bytes': '2000000' } }
    await started(topic)
    const [outcome] = await cluster.kafka.admin.configs.describe([{ type: 'topic', name: topic.topic }])
    const values = new Map(outcome!.value!.map(({ name, value }) => [name, value]))
    expect(values.get('cleanup.policy')).toBe('compact')
    expect(values.get('segment.bytes')).toBe('2000000')
    expect(await cluster.ends(topic.topic)).toHaveLength(1)
  })

  test('a topic of more partitions, or one that is not compacted alone, is refused in Kafka Connect’s words', async () => {
    const many = internalTopic(cluster, 'config', 1)
    await cluster.kafka.admin.ensureTopics([
      { topic: many.topic, partitions: 2, configs: { 'cleanup.policy': 'compact' } },
    ])
    await expect(started(many)).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining('is required to have a single partition'),
    })
    for (const policy of ['delete', 'compact,delete']) {
      const other = internalTopic(cluster, 'config', 1)
      await cluster.kafka.admin.ensureTopics([
        { topic: other.topic, partitions: 1, configs: { 'cleanup.policy': policy } },
      ])
      await expect(started(other)).rejects.toMatchObject({
        code: 'SETTINGS_INVALID',
        message: expect.stringContaining(`'cleanup.policy=${policy}'`),
      })
    }
  })

  test('a topic that is missing and may not be made is an error', async () => {
    const topic = { ...internalTopic(cluster, 'config', 1), mayCreate: false }
    await expect(started(topic)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
    expect(await cluster.ends(topic.topic)).toEqual([])
    await cluster.kafka.admin.ensureTopics([
      { topic: topic.topic, partitions: 1, configs: { 'cleanup.policy': 'compact' } },
    ])
    await started(topic)
  })

  test('what is not open refuses, before the start and after the stop', async () => {
    const store = make(internalTopic(cluster, 'config', 1))
    await expect(store.putTargetState('c', 'PAUSED')).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await store.start(new Told())
    await store.stop()
    await expect(store.putTargetState('c', 'PAUSED')).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  test('a topic that is deleted under it fails what waits, and everything after', async () => {
    const topic = internalTopic(cluster, 'config', 1)
    const store = await started(topic)
    await store.putConnector('c', { name: 'c' }, null)
    await cluster.kafka.admin.deleteTopics([topic.topic])
    await cluster.kafka.admin.ensureTopics([
      { topic: topic.topic, partitions: 1, configs: { 'cleanup.policy': 'compact' } },
    ])
    await eventually('the end is noticed', async () => {
      return store.refresh(1000).then(
        () => false,
        () => true,
      )
    })
    expect((await lines(cluster, topic.topic)).length).toBe(0)
  })
})

/** Makes the calls that these records come from. */
async function writeAs(store: KafkaConfigStore, vectors: readonly TopicVector[]): Promise<void> {
  const records = vectors.map(({ key, value }) => decodeConfigRecord(key, value))
  for (let at = 0; at < records.length; at++) {
    const [record, next] = [records[at]!, records[at + 1]]
    if (record.kind === 'target-state' && next?.kind === 'connector') {
      await store.putConnector(record.connector, next.config!, record.state)
      at++
    } else if (record.kind === 'connector' && record.config === null) {
      await store.removeConnector(record.connector)
      at++
    } else if (record.kind === 'connector') await store.putConnector(record.connector, record.config!, null)
    else if (record.kind === 'target-state') await store.putTargetState(record.connector, record.state!)
    else if (record.kind === 'task' || record.kind === 'commit') {
      const tasks = records.slice(
        at,
        records.findIndex(({ kind }, i) => i >= at && kind === 'commit'),
      )
      const connector = record.kind === 'task' ? record.id.connector : record.connector
      await store.putTaskConfigs(
        connector,
        tasks.flatMap((task) => (task.kind === 'task' ? [task.config] : [])),
      )
      at += tasks.length
    } else if (record.kind === 'restart') await store.putRestartRequest(record.request)
    else if (record.kind === 'fencing') await store.putFencingCount(record.connector, record.tasks)
    else if (record.kind === 'session-key') await store.putSessionKey(record.key)
    else await store.putLoggerLevel(record.namespace, record.level)
  }
}
