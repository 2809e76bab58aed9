/**
 * Kafka Connect's SourceConnectors-, SessionedProtocol-, MonitorableSource-, FileStreamSource- and FileStreamSinkIntegrationTest, by a real
 * worker in this process; in brackets the names of the scenarios there.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { connect } from '@sluice/kafka'
import { signatureHeaders } from '../../src/rest/signatures.ts'
import { eventually } from '../support/eventually.ts'
import { text } from '../support/fake-kafka.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { clusterSettings, ConnectCluster, ConnectWorker } from './connect-cluster.ts'

onBroker('sources', () => {
  let kafka: TestCluster
  let cluster: ConnectCluster
  let worker: ConnectWorker
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-scenario-'))

  beforeAll(async () => {
    kafka = await TestCluster.open()
    cluster = new ConnectCluster()
    worker = await cluster.add()
  })
  afterAll(async () => {
    await cluster.stop()
    await kafka.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  describe('whose topic is not there', () => {
    const CREATION = {
      'topic.creation.default.replication.factor': '1',
      'topic.creation.default.partitions': '4',
      'topic.creation.groups': 'bars',
      'topic.creation.bars.include': 'bar',
      'topic.creation.bars.partitions': '2',
    }

    test.each([
      [
        'the broker makes it, if the worker may not (testTopicsAreCreatedWhenAutoCreateTopicsIsEnabledAtTheBroker)',
        'false',
        [1, 1],
      ],
      [
        'the worker makes it by the rules of the connector (testTopicsAreCreatedWhenTopicCreationIsEnabled)',
        'true',
        [4, 2],
      ],
    ] as const)('%s', async (_, enable, partitions) => {
      const broker = await startEmbeddedKafka({ configs: { 'auto.create.topics.enable': String(enable === 'false') } })
      const port = await connect({ bootstrapServers: broker.bootstrapServers })
      const settings = { ...clusterSettings('c', broker.bootstrapServers), 'topic.creation.enable': enable }
      const one = await ConnectWorker.start(settings)
      try {
        for (const topic of ['foo', 'bar']) {
          const creation = enable === 'true' ? CREATION : {}
          await one.configure(topic, { 'connector.class': 'monitorable-source', topic, count: '5', ...creation })
          const arrived = async (): Promise<boolean> => {
            const [found] = await port.admin.describeTopics([topic])
            if (found === undefined) return false
            const all = Array.from({ length: found.partitions }, (__, partition) => ({ topic, partition }))
            return (await port.admin.listOffsets(all, 'latest')).reduce((sum, { offset }) => sum + offset, 0) === 5
          }
          await eventually(`${topic} has all`, arrived)
        }
        const found = await port.admin.describeTopics(['foo', 'bar'])
        expect(['foo', 'bar'].map((topic) => found.find((each) => each.topic === topic)?.partitions)).toEqual(
          partitions,
        )
      } finally {
        await one.stop()
        await port.close()
        await broker.close()
      }
    })

    test('the worker makes it from the time on when it may (testSwitchingToTopicCreationEnabled)', async () => {
      const broker = await startEmbeddedKafka({ configs: { 'auto.create.topics.enable': 'true' } })
      const port = await connect({ bootstrapServers: broker.bootstrapServers })
      const partitionsOf = async (topic: string): Promise<number | undefined> =>
        (await port.admin.describeTopics([topic]))[0]?.partitions
      const settings = clusterSettings('c', broker.bootstrapServers)
      let one = await ConnectWorker.start({ ...settings, 'topic.creation.enable': 'false' })
      try {
        await one.configure('foo', { 'connector.class': 'monitorable-source', topic: 'foo', count: '5', ...CREATION })
        await one.runs('foo', 1)
        await eventually('the broker has made it', async () => (await partitionsOf('foo')) === 1)
        await one.stop()
        one = await ConnectWorker.start({ ...settings, 'topic.creation.enable': 'true' })
        await one.runs('foo', 1)
        await one.configure('bar', { 'connector.class': 'monitorable-source', topic: 'bar', count: '5', ...CREATION })
        await eventually('the worker has made it', async () => (await partitionsOf('bar')) === 2)
        expect(await partitionsOf('foo')).toBe(1)
      } finally {
        await one.stop()
        await port.close()
        await broker.close()
      }
    })
  })

  test('of files go on where they were, through growth, a pause and a new worker (testGetOffsets, testResume of FileStream)', async () => {
    const [name, topic] = [kafka.name('file'), await kafka.topic('file')]
    const [from, to] = [path.join(folder, 'from.txt'), path.join(folder, 'to.txt')]
    const lines = (first: number, count: number): string =>
      Array.from({ length: count }, (_, n) => `line ${first + n}\n`).join('')
    fs.writeFileSync(from, lines(0, 10))
    await worker.configure(name, { 'connector.class': 'FileStreamSource', file: from, topic })
    await worker.configure(`${name}-sink`, { 'connector.class': 'FileStreamSink', file: to, topics: topic })
    const written = (): string => (fs.existsSync(to) ? fs.readFileSync(to, 'utf8') : '')
    await eventually('the lines have arrived', () => written() === lines(0, 10))
    fs.appendFileSync(from, lines(10, 5))
    await eventually('more have arrived', () => written() === lines(0, 15))
    const position = Buffer.byteLength(lines(0, 15))
    const offsets = [{ partition: { filename: from }, offset: { position } }]
    await eventually('it says where it is', async () => {
      return JSON.stringify(await worker.must('GET', `/connectors/${name}/offsets`)) === JSON.stringify({ offsets })
    })
    await worker.must('PUT', `/connectors/${name}/stop`)
    await worker.becomes(name, 'STOPPED/')
    fs.appendFileSync(from, lines(15, 5))
    await worker.must('PUT', `/connectors/${name}/resume`)
    await eventually('the rest has arrived', () => written() === lines(0, 20))
    // From the beginning of the eleventh line (testAlterOffsets, testResetOffsets).
    await worker.must('PUT', `/connectors/${name}/stop`)
    await worker.becomes(name, 'STOPPED/')
    const tenth = { partition: { filename: from }, offset: { position: Buffer.byteLength(lines(0, 10)) } }
    await worker.must('PATCH', `/connectors/${name}/offsets`, { offsets: [tenth] })
    await worker.must('PUT', `/connectors/${name}/resume`)
    await eventually('ten are there again', () => written() === lines(0, 20) + lines(10, 10))
    // Cut off, the file has nothing more until it is longer than before; then it goes on behind its place.
    const end = Buffer.byteLength(lines(0, 20))
    fs.truncateSync(from, 4)
    fs.appendFileSync(from, `${'x'.repeat(end - 5)}\nbehind\n`)
    await eventually('the next has arrived', () => written() === `${lines(0, 20)}${lines(10, 10)}behind\n`)
  })

  test('have their own metrics among the worker’s (testMonitorableSourceConnectorAndTask)', async () => {
    const name = kafka.name('measured')
    await worker.configure(name, { 'connector.class': 'monitorable-source', topic: await kafka.topic('measured') })
    await worker.runs(name, 1)
    await eventually('it is measured', async () => {
      const metrics = String(await worker.must('GET', '/metrics'))
      return metrics.includes(`monitorable_source_starts{connector="${name}",task="0"} 1`)
    })
  })

  test('get task configs between workers only signed: 400 without, 403 wrong, 204 right (ensureInternalEndpointIsSecured)', async () => {
    const name = kafka.name('signed')
    await worker.configure(name, { 'connector.class': 'monitorable-source', topic: await kafka.topic('signed') })
    await worker.runs(name, 1)
    const configs = [{ 'task.class': 'x', topic: 'x', number: '0' }]
    const send = (headers: Record<string, string>): ReturnType<ConnectWorker['ask']> =>
      worker.ask('POST', `/connectors/${name}/tasks`, configs, headers)
    expect(await send({})).toMatchObject({ status: 400 })
    const body = Buffer.from(JSON.stringify(configs))
    expect(await send(signatureHeaders(body, Buffer.alloc(32, 1), 'HmacSHA256'))).toMatchObject({ status: 403 })
    const read = await kafka.read(`${cluster.name}-configs`)
    const told = read.findLast(({ key }) => text(key) === 'session-key')
    const { key, algorithm } = JSON.parse(text(told!.value)) as { readonly key: string; readonly algorithm: string }
    const signed = signatureHeaders(body, Buffer.from(key, 'base64'), algorithm)
    expect(await send(signed)).toMatchObject({ status: 204 })
    expect(await send({ ...signed, 'X-Connect-Request-Signature-Algorithm': 'HmacMD5' })).toMatchObject({ status: 400 })
  })
})
