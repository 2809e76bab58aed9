import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Kafka, connect } from '../src/index.ts'
import { FakeCluster } from './fake/fake-cluster.ts'

let cluster: FakeCluster
let kafka: Kafka

beforeEach(async () => {
  cluster = await FakeCluster.start(2)
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 1500 })
})
afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

test('a topic that somebody else creates meanwhile is there, but not ours', async () => {
  cluster.faults.push(({ api }) => {
    if (api === 'CreateTopics') cluster.createTopic('t', 1)
    return undefined
  })
  expect(await kafka.admin.ensureTopics([{ topic: 't', partitions: 1 }])).toEqual([])
})

test('a controller that has moved is asked again', async () => {
  cluster.failNext('CreateTopics', { do: 'refuse', errorCode: 41 }, { do: 'drop' })
  expect(await kafka.admin.ensureTopics([{ topic: 't', partitions: 1 }])).toEqual(['t'])
})

test('a refusal names the topic, the error and what to do', async () => {
  cluster.failNext('CreateTopics', { do: 'refuse', errorCode: 38 })
  await expect(kafka.admin.ensureTopics([{ topic: 't', partitions: 1, replicationFactor: 9 }])).rejects.toMatchObject({
    code: 'KAFKA_REFUSED',
    place: { topic: 't', error: 'INVALID_REPLICATION_FACTOR' },
    remedy: expect.stringContaining('replicas'),
  })
})

test('offsets are asked of each leader, and of the new one where it moved', async () => {
  const topic = cluster.createTopic('t', 4)
  await kafka.admin.listOffsets([{ topic: 't', partition: 0 }], 'latest')
  for (const [partition, log] of topic.partitions.entries()) log.end = partition * 10
  topic.partitions[0]!.leader = 2
  const partitions = [3, 0, 1, 2].map((partition) => ({ topic: 't', partition }))
  const found = await kafka.admin.listOffsets(partitions, 'latest')
  expect(found.map(({ partition, offset }) => [partition, offset])).toEqual([
    [3, 30],
    [0, 0],
    [1, 10],
    [2, 20],
  ])
})

test('a partition without a leader is waited for, up to the deadline', async () => {
  const topic = cluster.createTopic('t', 1)
  topic.partitions[0]!.leader = -1
  setTimeout(() => (topic.partitions[0]!.leader = 1), 300)
  expect(await kafka.admin.listOffsets([{ topic: 't', partition: 0 }], 'latest')).toHaveLength(1)
  topic.partitions[0]!.leader = -1
  await expect(kafka.admin.listOffsets([{ topic: 't', partition: 0 }], 'latest')).rejects.toMatchObject({
    retriable: true,
  })
})

test('metadata comes from the brokers that are left', async () => {
  await kafka.admin.describeCluster()
  await cluster.brokers[0]!.stop()
  expect(await kafka.admin.describeTopics()).toEqual([])
})

test('a broker makes topics by itself only for those who want it', async () => {
  const asked: unknown[] = []
  cluster.faults.push(({ api, body }) => {
    if (api === 'Metadata') asked.push((body as { readonly allowAutoTopicCreation?: boolean }).allowAutoTopicCreation)
    return undefined
  })
  await kafka.admin.describeTopics(['t'])
  await kafka.admin.describeTopics(['t'], { letBrokerCreate: true })
  expect(asked).toEqual([false, true])
})
