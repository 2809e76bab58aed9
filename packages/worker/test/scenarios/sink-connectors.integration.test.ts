/**
 * Kafka Connect's SinkConnectors-, Transformation-, ErrorHandling- and MonitorableSinkIntegrationTest, by a real worker in this process; in
 * brackets the names of the scenarios there.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { text } from '../support/fake-kafka.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectCluster, type ConnectWorker } from './connect-cluster.ts'
import { handleOf } from './monitorable-connectors.ts'

onBroker('sinks', () => {
  let kafka: TestCluster
  let cluster: ConnectCluster
  let worker: ConnectWorker

  beforeAll(async () => {
    kafka = await TestCluster.open()
    cluster = new ConnectCluster()
    worker = await cluster.add()
  })
  afterAll(async () => {
    await cluster.stop()
    await kafka.close()
  })

  async function start(name: string, topics: readonly string[], more: RawSettings = {}): Promise<void> {
    await worker.configure(name, { 'connector.class': 'monitorable-sink', topics: topics.join(), ...more })
    await worker.runs(name, Number(more['tasks.max'] ?? 1))
  }

  const valuesOf = (name: string): readonly unknown[] => handleOf(name).records.map(({ value }) => value)
  const sorted = (values: readonly unknown[]): readonly string[] => values.map(String).toSorted()
  /** They and no others, each once, in whatever order. */
  async function haveArrived(name: string, values: readonly unknown[]): Promise<void> {
    await eventually(`${values.join()} have arrived`, () => valuesOf(name).length >= values.length)
    expect(sorted(valuesOf(name))).toEqual(sorted(values))
  }

  test('read what a source has written, with all tasks (testSinkConnector, testSourceConnector of ExampleConnectIntegrationTest)', async () => {
    const [name, topic] = [kafka.name('example'), await kafka.topic('example', 3)]
    await worker.configure(`${name}-source`, {
      'connector.class': 'monitorable-source',
      topic,
      count: '50',
      'tasks.max': '3',
    })
    await start(name, [topic], { 'tasks.max': '3' })
    await haveArrived(
      name,
      [0, 1, 2].flatMap((task) => Array.from({ length: 50 }, (_, n) => `${task}:${n}`)),
    )
    for (const { partitions } of handleOf(name).tasks) expect(partitions).toHaveLength(1)
  })

  describe('whose topics come one after the other', () => {
    const STRATEGY = 'consumer.override.partition.assignment.strategy'
    const events = (name: string, topic: string): string =>
      handleOf(name)
        .task(0)
        .partitions.filter((event) => event.endsWith(` ${topic}-0`))
        .map((event) => event.split(' ')[0])
        .join()

    async function threeTopics(
      strategy: string,
    ): Promise<{ readonly name: string; readonly topics: readonly string[] }> {
      const name = kafka.name('assigned')
      const topics = ['one', 'two', 'three'].map((topic) => kafka.name(topic))
      await start(name, topics, { [STRATEGY]: strategy })
      expect(handleOf(name).task(0).partitions).toEqual([])
      const values: string[] = []
      for (const topic of topics) {
        await kafka.kafka.admin.ensureTopics([{ topic, partitions: 1 }])
        for (const each of topics.slice(0, topics.indexOf(topic) + 1)) {
          values.push(`${each} beside ${topic}`)
          await kafka.put(each, [`${each} beside ${topic}`])
        }
        await haveArrived(name, values)
      }
      return { name, topics }
    }

    test('eager: all are closed and opened again each time, and nothing is lost or there twice (testEagerConsumerPartitionAssignment)', async () => {
      const { name, topics } = await threeTopics('org.apache.kafka.clients.consumer.RoundRobinAssignor')
      expect(topics.map((topic) => events(name, topic))).toEqual([
        'open,close,open,close,open',
        'open,close,open',
        'open',
      ])
    })

    test('cooperative: what stays is not closed, and nothing is lost or there twice (testCooperativeConsumerPartitionAssignment)', async () => {
      const { name, topics } = await threeTopics('org.apache.kafka.clients.consumer.CooperativeStickyAssignor')
      expect(topics.map((topic) => events(name, topic))).toEqual(['open', 'open', 'open'])
    })
  })

  describe('filter by a predicate', () => {
    const FILTER = {
      transforms: 'filter',
      'transforms.filter.type': 'org.apache.kafka.connect.transforms.Filter',
      'transforms.filter.predicate': 'found',
      predicates: 'found',
    }
    const PREDICATES = 'org.apache.kafka.connect.transforms.predicates'

    test('the topic’s name (testFilterOnTopicNameWithSinkConnector)', async () => {
      const name = kafka.name('by-topic')
      const [foo, bar] = [await kafka.topic('foo'), await kafka.topic('bar')]
      await kafka.put(foo, ['f1', 'f2'])
      await kafka.put(bar, ['b1', 'b2'])
      await start(name, [foo, bar], {
        ...FILTER,
        'predicates.found.type': `${PREDICATES}.TopicNameMatches`,
        'predicates.found.pattern': '.*-bar-.*',
      })
      await kafka.put(bar, ['b3'])
      await kafka.put(foo, ['f3'])
      await haveArrived(name, ['f1', 'f2', 'f3'])
    })

    test('tombstones (testFilterOnTombstonesWithSinkConnector)', async () => {
      const [name, topic] = [kafka.name('by-value'), await kafka.topic('stones')]
      const key = Buffer.from('k')
      await kafka.put(topic, ['v1', { key, value: null }, 'v2', { key, value: null }, 'v3'])
      await start(name, [topic], { ...FILTER, 'predicates.found.type': `${PREDICATES}.RecordIsTombstone` })
      await haveArrived(name, ['v1', 'v2', 'v3'])
    })

    test('the key of a header (testFilterOnHasHeaderKeyWithSinkConnector)', async () => {
      const [name, topic] = [kafka.name('by-header'), await kafka.topic('headers')]
      const marked = (value: string, key: string) => ({
        value: Buffer.from(value),
        headers: [{ key, value: Buffer.from('x') }],
      })
      await kafka.put(topic, [marked('v1', 'keep'), marked('v2', 'drop'), 'v3', marked('v4', 'drop'), 'v5'])
      await start(name, [topic], {
        ...FILTER,
        'predicates.found.type': `${PREDICATES}.HasHeaderKey`,
        'predicates.found.name': 'drop',
      })
      await haveArrived(name, ['v1', 'v3', 'v5'])
    })
  })

  describe('that tolerate errors', () => {
    const letters = async (topic: string) => {
      const read = await kafka.read(topic)
      return read.map(({ value, headers }) => ({
        value: text(value),
        headers: new Map((headers ?? []).map((header) => [header.key, text(header.value)])),
      }))
    }

    test('go on over records on which a transform fails; each is a dead letter that says where from and why (testSkipRetryAndDLQWithHeaders)', async () => {
      const [name, topic, dead] = [kafka.name('tolerant'), await kafka.topic('mixed'), kafka.name('dead')]
      await kafka.put(topic, ['1', 'two', '3', 'four', '5'])
      await start(name, [topic], {
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': dead,
        'errors.deadletterqueue.topic.replication.factor': '1',
        'errors.deadletterqueue.context.headers.enable': 'true',
        transforms: 'number',
        'transforms.number.type': 'org.apache.kafka.connect.transforms.Cast$Value',
        'transforms.number.spec': 'int32',
      })
      await haveArrived(name, [1, 3, 5])
      await eventually('both are dead letters', async () => (await kafka.count(dead)) === 2)
      const found = await letters(dead)
      expect(found.map(({ value }) => value)).toEqual(['two', 'four'])
      for (const [at, { headers }] of found.entries()) {
        expect(Object.fromEntries(headers)).toMatchObject({
          '__connect.errors.topic': topic,
          '__connect.errors.partition': '0',
          '__connect.errors.offset': String(at === 0 ? 1 : 3),
          '__connect.errors.connector.name': name,
          '__connect.errors.task.id': '0',
          '__connect.errors.stage': 'TRANSFORMATION',
          '__connect.errors.class.name': 'org.apache.kafka.connect.transforms.Cast$Value',
        })
        for (const what of ['class.name', 'message', 'stacktrace'])
          expect(headers.get(`__connect.errors.exception.${what}`)).toBeTruthy()
      }
    })

    test('go on over what is no JSON, which is in the dead letter topic; without tolerance the task fails (test_skip_and_log_to_dlq)', async () => {
      const [topic, dead] = [await kafka.topic('halves'), kafka.name('dead')]
      const good = Array.from({ length: 500 }, (_, n) => JSON.stringify({ some_key: n }))
      const bad = Array.from({ length: 500 }, (_, n) => `{"some_key": ${n}`)
      await kafka.put(
        topic,
        good.flatMap((value, n) => [value, bad[n]!]),
      )
      const json = {
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': 'false',
      }
      const strict = kafka.name('strict')
      const config = { 'connector.class': 'monitorable-sink', topics: topic, ...json, 'restart.enable': 'false' }
      await worker.configure(strict, { ...config, 'errors.tolerance': 'none' })
      await worker.becomes(strict, 'RUNNING/FAILED')
      expect((await worker.status(strict))?.tasks[0]?.trace).toMatch(/Tolerance exceeded|JSON/)
      const name = kafka.name('tolerant')
      await start(name, [topic], {
        ...json,
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': dead,
        'errors.deadletterqueue.topic.replication.factor': '1',
      })
      await eventually('the good half has arrived', () => valuesOf(name).length === 500)
      expect(valuesOf(name)).toEqual(good.map((value) => JSON.parse(value) as unknown))
      await eventually('the bad half is in the dead letter topic', async () => (await kafka.count(dead)) === 500)
      expect((await letters(dead)).map(({ value }) => value)).toEqual(bad)
    })

    test('report single records, which are dead letters then (testErrantRecordReporter)', async () => {
      const [name, topic, dead] = [kafka.name('errant'), await kafka.topic('errant'), kafka.name('dead')]
      await kafka.put(topic, ['a', 'bad', 'c'])
      await start(name, [topic], {
        refuses: 'bad',
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': dead,
        'errors.deadletterqueue.topic.replication.factor': '1',
      })
      await haveArrived(name, ['a', 'c'])
      await eventually('it is a dead letter', async () => (await kafka.count(dead)) === 1)
      expect((await letters(dead)).map(({ value }) => value)).toEqual(['bad'])
    })
  })

  test('have their own metrics among the worker’s (testMonitorableSinkConnectorAndTask)', async () => {
    const name = kafka.name('measured')
    await start(name, [await kafka.topic('measured')])
    await eventually('it is measured', async () => {
      const metrics = String(await worker.must('GET', '/metrics'))
      return metrics.includes(`monitorable_sink_starts{connector="${name}",task="0"} 1`)
    })
  })
})
