/** Kafka Connect's ConnectorTopicsIntegrationTest (KIP-558), by real workers in this process; in brackets the names of the scenarios there. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { ConnectCluster, type ConnectWorker } from './connect-cluster.ts'

onBroker('active topics of connectors', () => {
  let kafka: TestCluster
  let cluster: ConnectCluster

  beforeAll(async () => {
    kafka = await TestCluster.open()
  })
  afterEach(() => cluster.stop())
  afterAll(() => kafka.close())

  async function started(settings: Record<string, string> = {}): Promise<ConnectWorker> {
    cluster = new ConnectCluster(settings)
    return cluster.add()
  }

  const topicsOf = async (worker: ConnectWorker, name: string): Promise<readonly string[]> => {
    const found = (await worker.must('GET', `/connectors/${name}/topics`)) as Record<string, { topics: string[] }>
    return found[name]!.topics.toSorted()
  }

  test('are told as soon as there are records, until they are reset or the connector is deleted (testGetActiveTopics)', async () => {
    const worker = await started()
    const [from, to] = [kafka.name('foo'), kafka.name('bar')]
    await worker.configure('source', { 'connector.class': 'monitorable-source', topic: from, count: '5' })
    await worker.configure('sink', { 'connector.class': 'monitorable-sink', topics: `${from},${to}` })
    await eventually('the source is seen', async () => (await topicsOf(worker, 'source')).join() === from)
    // What it may read and has not is not active.
    await eventually('the sink is seen', async () => (await topicsOf(worker, 'sink')).join() === from)
    await kafka.kafka.admin.ensureTopics([{ topic: to, partitions: 1 }])
    await kafka.put(to, ['a'])
    await eventually(
      'both are seen',
      async () => (await topicsOf(worker, 'sink')).join() === [from, to].toSorted().join(),
    )
    // A connector that writes elsewhere now has both, until it is reset.
    const next = kafka.name('next')
    await worker.configure('source', { 'connector.class': 'monitorable-source', topic: next, count: '9' })
    await eventually('both are seen', async () => (await topicsOf(worker, 'source')).length === 2)
    await worker.must('PUT', '/connectors/sink/topics/reset')
    await eventually('they are forgotten', async () => (await topicsOf(worker, 'sink')).length === 0)
    await worker.must('DELETE', '/connectors/source')
    await worker.forgets('source')
    expect(await topicsOf(worker, 'source')).toEqual([])
  })

  test('are not reset where that is not allowed: 403 (testTopicTrackingResetIsDisabled)', async () => {
    const worker = await started({ 'topic.tracking.allow.reset': 'false' })
    const topic = kafka.name('kept')
    await worker.configure('source', { 'connector.class': 'monitorable-source', topic, count: '5' })
    await eventually('the source is seen', async () => (await topicsOf(worker, 'source')).join() === topic)
    expect(await worker.ask('PUT', '/connectors/source/topics/reset')).toMatchObject({ status: 403 })
    expect(await topicsOf(worker, 'source')).toEqual([topic])
  })

  test('are told of nobody where nobody keeps account of them: 403 (testTopicTrackingIsDisabled)', async () => {
    const worker = await started({ 'topic.tracking.enable': 'false' })
    const topic = await kafka.topic('untold')
    await worker.configure('source', { 'connector.class': 'monitorable-source', topic, count: '5' })
    await eventually('all has arrived', async () => (await kafka.count(topic)) === 5)
    expect(await worker.ask('GET', '/connectors/source/topics')).toMatchObject({ status: 403 })
    expect(await worker.ask('PUT', '/connectors/source/topics/reset')).toMatchObject({ status: 403 })
    const keys = (await kafka.read(`${cluster.name}-status`)).map(({ key }) => Buffer.from(key!).toString())
    expect(keys.filter((key) => key.startsWith('status-topic-'))).toEqual([])
  })
})
