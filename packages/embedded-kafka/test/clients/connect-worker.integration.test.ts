/** A distributed worker of Java's Connect that keeps its configurations, offsets and statuses on the embedded broker. */
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type EachBatchPayload, Kafka, logLevel } from 'kafkajs'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { ConnectWorker, type ConnectorStatus } from './support/connect-worker.ts'
import { eventually } from './support/eventually.ts'
import { type ClientRelease, hasJava } from './support/java.ts'

jest.setTimeout(180_000)

const withJava = hasJava ? describe : describe.skip
const SOURCE = 'org.apache.kafka.connect.file.FileStreamSourceConnector'
const SINK = 'org.apache.kafka.connect.file.FileStreamSinkConnector'

withJava("a worker of Java's Connect (needs a JDK and Maven)", () => {
  let kafka: EmbeddedKafka
  let peer: Kafka
  let folder: string
  let worker: ConnectWorker | undefined
  let from: string
  let to: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-connect-files-'))
    from = path.join(folder, 'from.txt')
    to = path.join(folder, 'to.txt')
    kafka = await startEmbeddedKafka({ dataDir: path.join(folder, 'broker') })
    peer = new Kafka({ brokers: kafka.bootstrapServers.split(','), logLevel: logLevel.NOTHING })
  })
  afterEach(async () => {
    await worker?.[Symbol.asyncDispose]()
    worker = undefined
    await kafka.close()
    await rm(folder, { recursive: true, force: true })
  })

  const lines = (first: number, count: number): string =>
    Array.from({ length: count }, (_, i) => `line ${first + i}\n`).join('')

  async function arrives(lastLine: number): Promise<void> {
    const isThere = async (): Promise<boolean> => (await readFile(to, 'utf8')).includes(`line ${lastLine}\n`)
    await eventually(`line ${lastLine} arrives`, isThere).catch((error) => {
      throw new Error(worker?.report(), { cause: error })
    })
  }

  /** Everything committed that a topic holds, by another client. */
  async function read(topic: string): Promise<{ key: string; value: string }[]> {
    const admin = peer.admin()
    await admin.connect()
    const left = new Map<number, number>()
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (Number(high) > Number(low)) left.set(partition, Number(high) - 1)
    await admin.disconnect()
    const found: { key: string; value: string }[] = []
    const consumer = peer.consumer({ groupId: `reads ${topic}`, maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const eachBatch = ({ batch }: EachBatchPayload): Promise<void> => {
      for (const { key, value } of batch.messages) found.push({ key: String(key), value: String(value) })
      if (Number(batch.lastOffset()) >= (left.get(batch.partition) ?? 0)) left.delete(batch.partition)
      return Promise.resolve()
    }
    await consumer.run({ eachBatch, eachBatchAutoResolve: true })
    await eventually(`${topic} is read`, () => left.size === 0)
    await consumer.disconnect()
    return found
  }

  /** The last value of each key of a topic that Connect compacts. */
  async function table(topic: string): Promise<Map<string, Record<string, unknown>>> {
    const rows = await read(topic)
    return new Map(rows.map(({ key, value }) => [key, JSON.parse(value) as Record<string, unknown>]))
  }

  async function start(release: ClientRelease, support: string): Promise<ConnectWorker> {
    worker = await ConnectWorker.start(release, kafka.bootstrapServers, { 'exactly.once.source.support': support })
    return worker
  }

  async function created(): Promise<void> {
    await writeFile(from, lines(0, 1_000))
    await worker!.create('source', { 'connector.class': SOURCE, 'tasks.max': '1', file: from, topic: 'lines' })
    await worker!.create('sink', { 'connector.class': SINK, 'tasks.max': '1', file: to, topics: 'lines' })
    await arrives(999)
  }

  async function running(): Promise<void> {
    await worker!.running('source')
    await worker!.running('sink')
  }

  test('of 3.9.2 carries a file through a topic, and goes on where it was told to end', async () => {
    await start('3.9.2', 'disabled')
    await created()
    await worker!.end('SIGTERM')
    await appendFile(from, lines(1_000, 1_000))
    await start('3.9.2', 'disabled')
    await running()
    await arrives(1_999)
    expect(await readFile(to, 'utf8')).toBe(lines(0, 2_000))
    await worker!.end('SIGTERM')

    const { size } = await stat(from)
    expect(await table('connect-offset')).toEqual(new Map([[`["source",{"filename":"${from}"}]`, { position: size }]]))
    const statuses = await table('connect-status')
    for (const what of ['connector-source', 'task-source-0', 'connector-sink', 'task-sink-0'])
      expect(statuses.get(`status-${what}`)).toMatchObject({ state: 'UNASSIGNED' })
    expect([...(await table('connect-config')).keys()]).toEqual(
      expect.arrayContaining(['connector-source', 'task-source-0', 'commit-source', 'connector-sink', 'session-key']),
    )
  })

  test('of 4.3.1 carries a file exactly once over a kill and a fence, and turns that on by a rolling upgrade', async () => {
    await start('4.3.1', 'preparing')
    await created()
    await worker!.end('SIGTERM')
    await start('4.3.1', 'enabled')
    await running()
    await appendFile(from, lines(1_000, 1_000))
    await arrives(1_999)
    await worker!.end('SIGKILL')

    await appendFile(from, lines(2_000, 1_000))
    await start('4.3.1', 'enabled')
    await running()
    await arrives(2_999)

    const usurper = peer.producer({ transactionalId: 'connect-source-0', idempotent: true, maxInFlightRequests: 1 })
    await usurper.connect()
    const transaction = await usurper.transaction()
    await transaction.abort()
    await usurper.disconnect()
    await appendFile(from, lines(3_000, 1_000))
    let source: ConnectorStatus | undefined
    const isFenced = async (): Promise<boolean> => {
      source = await worker!.get<ConnectorStatus>('/connectors/source/status')
      const [task] = source.tasks
      return task?.state === 'FAILED' && /ProducerFenced|InvalidProducerEpoch/.test(task.trace ?? '')
    }
    await eventually('the task is fenced', isFenced).catch((error) => {
      throw new Error(`${JSON.stringify(source)}\n${worker!.report()}`, { cause: error })
    })
    await worker!.restart('source')
    await arrives(3_999)

    const values = (await read('lines')).map(({ value }) => value)
    expect(`${values.join('\n')}\n`).toBe(lines(0, 4_000))
    const { size } = await stat(from)
    expect(await table('connect-offset')).toEqual(new Map([[`["source",{"filename":"${from}"}]`, { position: size }]]))
  })
})
