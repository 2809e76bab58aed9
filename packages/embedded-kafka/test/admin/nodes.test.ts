/** Administration of a broker of several virtual nodes. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { kafkaError } from '@sluice/kafka-protocol'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { RawClient } from '../support/raw-client.ts'
import { BROKER } from './admin-scripts.ts'

let kafka: EmbeddedKafka
let nodes: RawClient[]

beforeEach(async () => {
  kafka = await startEmbeddedKafka({ nodes: 3 })
  nodes = await Promise.all(kafka.addresses.map(({ port }) => RawClient.open(port)))
})
afterEach(async () => {
  for (const node of nodes) node.close()
  await kafka.close()
})

async function create(name: string, replicationFactor: number): Promise<string> {
  const topic = { name, numPartitions: 3, replicationFactor, assignments: [], configs: [] }
  const { topics } = await nodes[0]!.send('CreateTopics', { topics: [topic], timeoutMs: 1000 })
  return kafkaError(topics[0]!.errorCode).name
}

async function leaders(name: string): Promise<number[]> {
  const { topics } = await nodes[0]!.send('DescribeTopicPartitions', { topics: [{ name }] })
  return topics[0]!.partitions.map(({ leaderId }) => leaderId)
}

test('a topic may ask for as many replicas as there are nodes, not for more', async () => {
  expect(await create('three', 3)).toBe('NONE')
  expect(await create('four', 4)).toBe('INVALID_REPLICATION_FACTOR')
})

test('nodes that are down are not counted', async () => {
  await kafka.killNode(3)
  expect(await create('three', 3)).toBe('INVALID_REPLICATION_FACTOR')
})

test('partitions that are added lead where they are assigned', async () => {
  await create('grown', 1)
  await nodes[0]!.send('CreatePartitions', {
    topics: [{ name: 'grown', count: 5, assignments: [{ brokerIds: [3] }, { brokerIds: [2] }] }],
    timeoutMs: 1000,
  })
  expect((await leaders('grown')).slice(3)).toEqual([3, 2])
})

test('a node tells of its own settings and logs only', async () => {
  await create('spread', 1)
  const config = { resourceType: BROKER, resourceName: '2', configurationKeys: ['node.id', 'listeners'] }
  const ask = { resources: [config], includeSynonyms: false }
  const [other, own] = await Promise.all([
    nodes[0]!.send('DescribeConfigs', ask),
    nodes[1]!.send('DescribeConfigs', ask),
  ])
  expect(kafkaError(other.results[0]!.errorCode).name).toBe('INVALID_REQUEST')
  const { host, port } = kafka.addresses[1]!
  expect(own.results[0]!.configs.map(({ value }) => value)).toEqual(['2', `PLAINTEXT://${host}:${port}`])

  const leading = await leaders('spread')
  for (const [i, node] of nodes.entries()) {
    const { results } = await node.send('DescribeLogDirs', { topics: null })
    const partitions = results[0]!.topics.flatMap((topic) =>
      topic.partitions.map(({ partitionIndex }) => partitionIndex),
    )
    expect(partitions).toEqual([0, 1, 2].filter((index) => leading[index] === i + 1))
  }
})

test('a leader whose node is down cannot be replaced', async () => {
  await create('down', 1)
  const partition = (await leaders('down')).indexOf(3)
  await kafka.killNode(3)
  const election = { topicPartitions: [{ topic: 'down', partitions: [partition] }], timeoutMs: 1000 }
  const errors = []
  for (const electionType of [0, 1]) {
    const { replicaElectionResults } = await nodes[0]!.send('ElectLeaders', { electionType, ...election })
    errors.push(kafkaError(replicaElectionResults[0]!.partitionResult[0]!.errorCode).name)
  }
  expect(errors).toEqual(['PREFERRED_LEADER_NOT_AVAILABLE', 'ELIGIBLE_LEADERS_NOT_AVAILABLE'])
})
