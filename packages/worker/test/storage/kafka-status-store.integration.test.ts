import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Kafka, Producer } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { KafkaStatusStore, type KafkaStatusStoreOptions } from '../../src/storage/kafka-status-store.ts'
import { decodeStatusRecord } from '../../src/storage/status-records.ts'
import type { InternalTopic } from '../../src/storage/storage-settings.ts'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { FILES, readTopicVectors } from '../support/topic-vectors.ts'
import { status, statusStoreContract } from './status-store-contract.ts'
import { CLIENT_IDS, internalTopic, lines } from './topic-fixture.ts'

const ID = { connector: 'c', task: 0 }

onBroker('the status topic (needs SLUICE_TEST_KAFKA)', () => {
  let cluster: TestCluster
  const opened: KafkaStatusStore[] = []
  const logger = new MemoryLogger()
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.stop()
    logger.lines.length = 0
  })
  afterAll(() => cluster.close())

  const make = (topic: InternalTopic, more: Partial<KafkaStatusStoreOptions> = {}): KafkaStatusStore => {
    const store = new KafkaStatusStore({ kafka: cluster.kafka, topic, clientIds: CLIENT_IDS, logger, ...more })
    opened.push(store)
    return store
  }
  const started = async (topic: InternalTopic, more?: Partial<KafkaStatusStoreOptions>): Promise<KafkaStatusStore> => {
    const store = make(topic, more)
    await store.start()
    return store
  }
  const written = async (store: KafkaStatusStore, ...others: readonly KafkaStatusStore[]): Promise<void> => {
    await store.flush(10_000)
    for (const one of [store, ...others]) await one.refresh(10_000)
  }

  statusStoreContract('statuses in a topic', async () => make(internalTopic(cluster, 'status', 5)))

  test.each(FILES)('what is written is what Kafka Connect wrote, in its order and partition: %s', async (file) => {
    const vectors = readTopicVectors(file).flatMap((step) => step.records.status)
    const topic = internalTopic(cluster, 'status', Math.max(...vectors.map(({ partition }) => partition)) + 1)
    const store = await started(topic)
    let repeated = 0
    const expected: string[] = []
    for (const { key, value, partition } of vectors) {
      const record = decodeStatusRecord(key, value)
      if (record.kind === 'topic') {
        // Kafka Connect writes a use, and that it is forgotten, again until it has read it back; once is enough.
        const isKnown = store.topics(record.connector).some((use) => use.topic === record.topic)
        if (isKnown === (value !== null)) {
          repeated++
          continue
        }
        if (record.use === null) store.removeTopics(record.connector)
        else store.putTopic(record.use)
      } else {
        const gone = { ...status('DESTROYED'), trace: null }
        if (record.kind === 'connector') store.putConnector(record.connector, record.status ?? gone)
        else store.putTask(record.id, record.status ?? gone)
      }
      expected.push(`${partition} ${key.toString()} ${value === null ? 'null' : value.toString()}`)
      await written(store)
    }
    const found = (await cluster.read(topic.topic)).map(({ partition, key, value }) => {
      return `${partition} ${Buffer.from(key!).toString()} ${value === null ? 'null' : Buffer.from(value).toString()}`
    })
    expect(found).toEqual(expected.toSorted((a, b) => Number(a[0]) - Number(b[0])))
    expect(found.length + repeated).toBe(vectors.length)
  })

  test('another worker hears of it, and one that starts later knows it', async () => {
    const topic = internalTopic(cluster, 'status', 5)
    const [first, second] = [await started(topic), await started(topic)]
    first.putTask(ID, status('FAILED'))
    first.putTopic({ topic: 't', connector: 'c', task: 0, discoveredAt: 1 })
    await written(first, second)
    expect(second.task(ID)).toEqual(status('FAILED'))
    second.putTopic({ topic: 't', connector: 'c', task: 1, discoveredAt: 2 })
    await written(second)
    const third = await started(topic)
    expect(third.task(ID)).toEqual(status('FAILED'))
    expect(third.topics('c')).toEqual([{ topic: 't', connector: 'c', task: 0, discoveredAt: 1 }])
  })

  test('a use of a topic is written once, and once again after it was forgotten', async () => {
    const topic = internalTopic(cluster, 'status', 5)
    const store = await started(topic)
    const use = { topic: 't', connector: 'c', task: 0, discoveredAt: 1 }
    for (let i = 0; i < 5; i++) store.putTopic(use)
    store.removeTopics('c')
    store.removeTopics('c')
    store.putTopic(use)
    await written(store)
    store.putTopic(use)
    await written(store)
    const key = 'status-topic-t:connector-c'
    const value = '{"topic":{"name":"t","connector":"c","task":0,"discoverTimestamp":1}}'
    expect(await lines(cluster, topic.topic)).toEqual([`${key} ${value}`, `${key} null`, `${key} ${value}`])
  })

  test('garbage and records from the future are reported with their place, and leave what was known', async () => {
    const topic = internalTopic(cluster, 'status', 1)
    const store = await started(topic)
    store.putTask(ID, status('RUNNING'))
    await written(store)
    const values = ['{', '[]', '{"state":"DREAMING","worker_id":"w","generation":9}']
    await cluster.put(
      topic.topic,
      values.map((value) => ({ key: Buffer.from('status-task-c-0'), value: Buffer.from(value) })),
    )
    await store.refresh(10_000)
    expect(store.task(ID)).toEqual(status('RUNNING'))
    const reported = logger.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['offset'])
    expect(reported).toEqual([1, 2, 3])
  })

  test('so much garbage fills no log', async () => {
    const topic = internalTopic(cluster, 'status', 1)
    const store = await started(topic)
    await cluster.put(
      topic.topic,
      Array.from({ length: 500 }, () => ({ key: Buffer.from('x'), value: Buffer.from('y') })),
    )
    await store.refresh(10_000)
    expect(logger.lines.filter(({ level }) => level === 'error').length).toBe(20)
  })

  test('a topic that is not compacted alone is refused', async () => {
    const topic = internalTopic(cluster, 'status', 1)
    await cluster.kafka.admin.ensureTopics([
      { topic: topic.topic, partitions: 1, configs: { 'cleanup.policy': 'delete' } },
    ])
    await expect(started(topic)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
  })

  test('before it is open, a status is lost with a line in the log', async () => {
    const store = make(internalTopic(cluster, 'status', 1))
    store.putTask(ID, status('RUNNING'))
    await store.flush(1000)
    expect(logger.lines.map(({ message }) => message)).toEqual(['A status is lost'])
  })

  /** A store whose sends fail as the test says, with time in its hand. */
  const failing = async (
    topic: InternalTopic,
  ): Promise<{
    store: KafkaStatusStore
    clock: FakeClock
    sends: string[]
    fail: (error: SluiceError | null) => void
  }> => {
    let failure: SluiceError | null = null
    const sends: string[] = []
    const clock = new FakeClock()
    const kafka: Kafka = {
      ...({ admin: cluster.kafka.admin } as Kafka),
      fetcher: (options) => cluster.kafka.fetcher(options),
      producer: (options) => {
        const real = cluster.kafka.producer(options)
        const producer: Producer = {
          produce: (records) => {
            sends.push(
              ...records.map(({ value }) => (value === null ? 'null' : Buffer.from(value).toString().slice(10, 16))),
            )
            return failure === null ? real.produce(records) : Promise.reject(failure)
          },
          flush: () => real.flush(),
          close: (timeoutMs) => real.close(timeoutMs),
        }
        return producer
      },
    }
    const store = await started(topic, { kafka, clock })
    return { store, clock, sends, fail: (error) => (failure = error) }
  }
  const passing = new SluiceError('KAFKA_TIMEOUT', 'late', { retriable: true })
  const lasting = new SluiceError('KAFKA_REFUSED', 'no', {})

  test('a send that failed is tried again while it may help, and only then', async () => {
    const { store, clock, sends, fail } = await failing(internalTopic(cluster, 'status', 1))
    fail(passing)
    store.putTask(ID, status('RUNNING'))
    await eventually('the first try', () => sends.length === 1)
    clock.advance(1000)
    await eventually('the second try', () => sends.length === 2)
    fail(null)
    clock.advance(1000)
    await eventually('it is there', () => store.task(ID)?.state === 'RUNNING')
    fail(lasting)
    store.putTask(ID, status('PAUSED'))
    await eventually('it is given up', () => logger.lines.some(({ message }) => message === 'A status is lost'))
    clock.advance(5000)
    await store.flush(1000)
    expect(sends.length).toBe(4)
  })

  test('it is not tried again once there is a newer one, a newer generation, or nothing of its own left', async () => {
    const topic = internalTopic(cluster, 'status', 1)
    const { store, clock, sends, fail } = await failing(topic)
    fail(passing)
    store.putTask(ID, status('RUNNING'))
    await eventually('the first try', () => sends.length === 1)
    fail(null)
    store.putTask(ID, status('PAUSED'))
    await eventually('the newer one', () => store.task(ID)?.state === 'PAUSED')
    clock.advance(5000)
    await store.flush(1000)
    expect(sends).toEqual(['RUNNIN', 'PAUSED'])

    fail(passing)
    store.putTask(ID, status('FAILED'))
    await eventually('the first try', () => sends.length === 3)
    fail(null)
    store.putConnector('other', status('RUNNING', 2))
    await eventually('the newer generation', () => store.connector('other') !== null)
    clock.advance(5000)
    await store.flush(1000)
    expect(sends.length).toBe(4)

    fail(passing)
    store.putTask(ID, status('FAILED', 2))
    await eventually('the first try', () => sends.length === 5)
    fail(null)
    await cluster.put(topic.topic, [{ key: Buffer.from('status-task-c-0'), value: null }])
    await eventually('it was deleted', () => store.task(ID) === null)
    clock.advance(5000)
    await store.flush(1000)
    expect(sends.length).toBe(5)
  })

  test('a safe write is not tried again when a successor has written meanwhile', async () => {
    const topic = internalTopic(cluster, 'status', 1)
    const { store, clock, sends, fail } = await failing(topic)
    const successor = await started(topic)
    fail(passing)
    store.putTaskSafe(ID, status('FAILED', 1, 'old:8083'))
    await eventually('the first try', () => sends.length === 1)
    fail(null)
    successor.putTask(ID, status('RUNNING', 2, 'new:8083'))
    await eventually('the successor is heard', () => store.task(ID)?.state === 'RUNNING')
    clock.advance(5000)
    await store.flush(1000)
    expect(sends.length).toBe(1)
  })

  test('stopping gives up what cannot be written', async () => {
    const { store, sends, fail } = await failing(internalTopic(cluster, 'status', 1))
    fail(passing)
    store.putTask(ID, status('RUNNING'))
    await eventually('the first try', () => sends.length === 1)
    await store.stop()
    expect(logger.lines.map(({ message }) => message)).toContain('A status could not be written yet')
  })
})
