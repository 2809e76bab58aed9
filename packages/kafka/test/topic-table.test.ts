import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Kafka, TopicTable, connect } from '../src/index.ts'
import { FakeCluster } from './fake/fake-cluster.ts'

let cluster: FakeCluster
let kafka: Kafka
const bytes = (text: string): Buffer => Buffer.from(text)

beforeEach(async () => {
  cluster = await FakeCluster.start()
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 1000 })
})
afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

test('the topic is created compacted, with what settings were given', async () => {
  const table = await TopicTable.open(kafka, { topic: 't', partitions: 3, configs: { 'segment.bytes': '1048576' } })
  const { body } = cluster.requests.find(({ api }) => api === 'CreateTopics')!
  expect(body).toMatchObject({
    topics: [
      {
        name: 't',
        numPartitions: 3,
        configs: [
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'segment.bytes', value: '1048576' },
        ],
      },
    ],
  })
  await table.close()
})

test('what was set can be read at once, also before it has been read back', async () => {
  const table = await TopicTable.open(kafka, { topic: 't' })
  cluster.faults.push(({ api }) => (api === 'Fetch' ? { do: 'mute' } : undefined))
  cluster.brokers[0]!.dropConnections()
  await table.set([{ key: bytes('k'), value: bytes('v') }])
  expect(table.get('k')).toEqual(bytes('v'))
  await table.set([{ key: bytes('k'), value: null }])
  expect(table.get('k')).toBeUndefined()
  expect(table.size).toBe(0)
})

test('set rejects when the change is not durable, and the table does not claim it', async () => {
  const table = await TopicTable.open(kafka, { topic: 't' })
  cluster.failNext('Produce', { do: 'refuse', errorCode: 29 })
  await expect(table.set([{ key: bytes('k'), value: bytes('v') }])).rejects.toMatchObject({
    place: { error: 'TOPIC_AUTHORIZATION_FAILED' },
  })
  expect(table.get('k')).toBeUndefined()
  await table.close()
})

test('opening waits for the end of the topic, up to its time', async () => {
  cluster.createTopic('t', 1)
  const writer = await TopicTable.open(kafka, { topic: 't' })
  await writer.set([{ key: bytes('k'), value: bytes('v') }])
  await writer.close()
  cluster.faults.push(({ api }) => (api === 'Fetch' ? { do: 'refuse', errorCode: 6 } : undefined))
  await expect(TopicTable.open(kafka, { topic: 't', timeoutMs: 300 })).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
})

test('a topic that may not be read is said at once', async () => {
  cluster.createTopic('t', 1)
  const writer = await TopicTable.open(kafka, { topic: 't' })
  await writer.set([{ key: bytes('k'), value: bytes('v') }])
  await writer.close()
  cluster.faults.push(({ api }) => (api === 'Fetch' ? { do: 'refuse', errorCode: 29 } : undefined))
  await expect(TopicTable.open(kafka, { topic: 't' })).rejects.toMatchObject({
    place: { error: 'TOPIC_AUTHORIZATION_FAILED' },
  })
})

test('reading goes on after a failure', async () => {
  const table = await TopicTable.open(kafka, { topic: 't' })
  cluster.failNext('Fetch', { do: 'drop' }, { do: 'truncate' }, { do: 'refuse', errorCode: 6 })
  const other = await TopicTable.open(kafka, { topic: 't' })
  await other.set([{ key: bytes('k'), value: bytes('v') }])
  await table.caughtUp()
  expect(table.get('k')).toEqual(bytes('v'))
  await Promise.all([table.close(), other.close()])
})

test('a table whose client is closed ends with it', async () => {
  const table = await TopicTable.open(kafka, { topic: 't' })
  await kafka.close()
  await expect(table.caughtUp()).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await table.close()
})

test('listeners can leave', async () => {
  const table = await TopicTable.open(kafka, { topic: 't' })
  const heard: string[] = []
  const stop = table.onChange(({ key }) => heard.push(key.toString()))
  await table.set([{ key: bytes('a'), value: bytes('1') }])
  stop()
  await table.set([{ key: bytes('b'), value: bytes('1') }])
  expect(heard).toEqual(['a'])
  await table.close()
})
