/** Faults on demand: each changes what it says it changes, as often as it says. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, fault, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { batchOf } from '../support/batches.ts'
import { RawClient } from '../support/raw-client.ts'
import { type RawTopic, createTopic, fetchBody, pollBody, produceBody } from '../support/requests.ts'

const UNKNOWN_SERVER_ERROR = -1
const NOT_LEADER_OR_FOLLOWER = 6
const LEADER_NOT_AVAILABLE = 5
const FENCED_LEADER_EPOCH = 74

describe('faults', () => {
  let kafka: EmbeddedKafka
  let client: RawClient
  let topic: RawTopic
  beforeEach(async () => {
    kafka = await startEmbeddedKafka({ nodes: 3, configs: { 'num.partitions': '3' } })
    client = await open()
    topic = await createTopic(client, 'orders')
  })
  afterEach(async () => {
    client.close()
    await kafka.close()
  })

  const open = (node = 1) => RawClient.open(kafka.addresses[node - 1]!.port)
  const metadata = (of = client) => of.send('Metadata', { topics: null }, 12)
  const produce = (of = client) => of.send('Produce', produceBody(topic, batchOf(['a'])))
  const codeOf = async (answer: ReturnType<typeof produce>) =>
    (await answer).responses[0]!.partitionResponses[0]!.errorCode
  const written = async () => (await client.send('Fetch', fetchBody(topic))).responses[0]!.partitions[0]!.highWatermark

  test('an error refuses one request, in every place that has an error, and is used up', async () => {
    const refused = kafka.intercept('Produce', () => fault.error('UNKNOWN_SERVER_ERROR'))
    expect(await codeOf(produce())).toBe(UNKNOWN_SERVER_ERROR)
    expect(await codeOf(produce())).toBe(0)
    expect([refused.count, refused.seen, await written()]).toEqual([1, 1, 1])
  })

  test('a reply is sent instead of asking the broker', async () => {
    kafka.intercept('Produce', ({ body }) =>
      fault.reply({
        responses: body.topicData.map(({ name, topicId }) => ({
          name,
          topicId,
          partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 41 }],
        })),
      }),
    )
    expect((await produce()).responses[0]!.partitionResponses[0]!.baseOffset).toBe(41)
    expect(await written()).toBe(0)
  })

  test('drop closes the connection before the broker acts', async () => {
    kafka.intercept('Produce', () => fault.drop)
    const other = await open()
    await expect(produce(other)).rejects.toThrow('closed before Produce')
    expect(await written()).toBe(0)
  })

  test('an answer can be lost after the broker acted', async () => {
    kafka.intercept('Produce', () => fault.after(() => 'drop'))
    const other = await open()
    await expect(produce(other)).rejects.toThrow('closed before Produce')
    expect(await written()).toBe(1)
  })

  test('an answer can be altered after the broker acted', async () => {
    kafka.intercept('DescribeCluster', () => fault.after((real) => ({ ...real, clusterId: 'another' })))
    expect((await client.send('DescribeCluster', {})).clusterId).toBe('another')
    expect((await client.send('DescribeCluster', {})).clusterId).toBe(kafka.clusterId)
  })

  test('hang answers neither that request nor those behind it, and nobody else waits', async () => {
    kafka.intercept('Produce', () => fault.hang)
    const other = await open()
    let isAnswered = false
    const first = produce(other).finally(() => (isAnswered = true))
    const second = metadata(other).finally(() => (isAnswered = true))
    await metadata()
    await metadata()
    expect(isAnswered).toBe(false)
    const hanging = kafka.requests().find(({ api }) => api === 'Produce')
    expect(hanging).toMatchObject({ outcome: 'open', isIntercepted: true })
    const ended = Promise.allSettled([first, second])
    other.close()
    await ended
  })

  test('delay lets the broker see a request later, by its own clock', async () => {
    kafka.freezeClock()
    kafka.intercept('Produce', () => fault.delay(60_000))
    const other = await open()
    const late = produce(other)
    expect(await written()).toBe(0)
    kafka.advanceClock(59_999)
    expect(await written()).toBe(0)
    kafka.advanceClock(1)
    expect(await codeOf(late)).toBe(0)
    expect(await written()).toBe(1)
    other.close()
  })

  test('an intercept acts as often as it is told to, passes what it does not mean, and can be removed', async () => {
    const twice = kafka.intercept(
      'Produce',
      ({ clientId }) => (clientId === 'raw' ? fault.error('NOT_LEADER_OR_FOLLOWER') : fault.pass),
      { times: 2 },
    )
    await client.send('Produce', produceBody(topic, batchOf(['a'])), 13, 'somebody')
    expect([await codeOf(produce()), await codeOf(produce()), await codeOf(produce())]).toEqual([6, 6, 0])
    expect([twice.count, twice.seen]).toEqual([2, 3])

    const kept = kafka.intercept(
      '*',
      ({ api }) => (api === 'Fetch' ? fault.error('UNKNOWN_SERVER_ERROR') : fault.pass),
      {
        times: Number.POSITIVE_INFINITY,
      },
    )
    for (let i = 0; i < 3; i++) expect((await client.send('Fetch', fetchBody(topic))).errorCode).toBe(-1)
    kept.remove()
    expect((await client.send('Fetch', fetchBody(topic))).errorCode).toBe(0)
  })

  test('every API can refuse a whole request in its own form', async () => {
    kafka.intercept('*', () => fault.error('UNKNOWN_SERVER_ERROR'), { times: Number.POSITIVE_INFINITY })
    expect((await client.send('ApiVersions', { clientSoftwareName: 'a', clientSoftwareVersion: '1' })).errorCode).toBe(
      -1,
    )
    expect((await client.send('Metadata', { topics: [] }, 13)).errorCode).toBe(-1)
    expect((await client.send('FindCoordinator', { coordinatorKeys: ['g'] }, 6)).coordinators[0]!.errorCode).toBe(-1)
    expect((await client.send('FindCoordinator', { key: 'g' }, 3)).errorCode).toBe(-1)
    expect((await client.send('DescribeTopicPartitions', { topics: [{ name: 'x' }] })).topics[0]!.errorCode).toBe(-1)
    const listed = await client.send('ListOffsets', {
      topics: [{ name: 'x', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    })
    expect(listed.topics[0]!.partitions[0]!.errorCode).toBe(-1)
  })

  test('a leader that moved is told in the next epoch, by metadata and by whoever led before', async () => {
    kafka.moveLeader('orders', 0, 2)
    const [partition] = (await metadata()).topics[0]!.partitions
    expect(partition).toMatchObject({ leaderId: 2, leaderEpoch: 1 })
    const refused = (await produce()).responses[0]!.partitionResponses[0]!
    expect(refused).toMatchObject({ errorCode: NOT_LEADER_OR_FOLLOWER, currentLeader: { leaderId: 2, leaderEpoch: 1 } })
    const second = await open(2)
    expect(await codeOf(produce(second))).toBe(0)
    const fenced = await second.send('Fetch', fetchBody(topic, { currentLeaderEpoch: 0 }))
    expect(fenced.responses[0]!.partitions[0]!.errorCode).toBe(FENCED_LEADER_EPOCH)
    second.close()
  })

  test('a fetch that waits learns that the leader moved', async () => {
    const { sessionId } = await client.send('Fetch', fetchBody(topic, { sessionEpoch: 0 }))
    const waiting = client.send('Fetch', pollBody(sessionId, 1, 60_000))
    const other = await open()
    await metadata(other)
    kafka.moveLeader('orders', 0, 2)
    expect((await waiting).responses[0]!.partitions[0]!.errorCode).toBe(NOT_LEADER_OR_FOLLOWER)
    other.close()
  })

  test('a node that is killed is gone from metadata, and what it led has no leader until it is back', async () => {
    const second = await open(2)
    const port = kafka.addresses[1]!.port
    await kafka.killNode(2)
    await second.closed
    const down = await metadata()
    expect(down.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 3])
    expect(down.topics[0]!.partitions[1]).toMatchObject({ errorCode: LEADER_NOT_AVAILABLE, leaderId: -1 })
    await expect(RawClient.open(port)).rejects.toThrow('ECONNREFUSED')
    await kafka.restartNode(2)
    expect((await metadata()).topics[0]!.partitions[1]).toMatchObject({ errorCode: 0, leaderId: 2 })
    const again = await RawClient.open(port)
    again.close()
  })

  test('coordinators can be moved, and move by themselves when their node is killed', async () => {
    const at = async () => (await client.send('FindCoordinator', { coordinatorKeys: ['g'] }, 6)).coordinators[0]!.nodeId
    kafka.moveCoordinator('group', 'g', 3)
    expect(await at()).toBe(3)
    await kafka.killNode(3)
    expect(await at()).not.toBe(3)
  })

  test('a throttle is told, and kept', async () => {
    kafka.setThrottle(50)
    expect((await metadata()).throttleTimeMs).toBe(50)
    kafka.setThrottle(0)
    expect((await metadata()).throttleTimeMs).toBe(0)
  })

  test('capped versions are what is advertised and served', async () => {
    kafka.capVersions({ Produce: [3, 9], Fetch: null })
    const { apiKeys } = await client.send('ApiVersions', { clientSoftwareName: 'a', clientSoftwareVersion: '1' })
    expect(apiKeys.find(({ apiKey }) => apiKey === 0)).toEqual({ apiKey: 0, minVersion: 3, maxVersion: 9 })
    expect(apiKeys.find(({ apiKey }) => apiKey === 1)).toBeUndefined()
    const other = await open()
    await expect(produce(other)).rejects.toThrow('closed before Produce')
    const old = await client.send('Produce', produceBody(topic, batchOf(['a'])), 9)
    expect(old.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
  })

  test('requests are remembered with who, what, when and how it ended', async () => {
    await metadata()
    expect(kafka.requests().at(-1)).toMatchObject({
      node: 1,
      clientId: 'raw',
      api: 'Metadata',
      version: 12,
      outcome: 'answered',
      isIntercepted: false,
    })
    for (let i = 0; i < 1100; i++) await metadata()
    expect(kafka.requests()).toHaveLength(1000)
  })
})

describe.each([
  ['2.8', { fetch: 12, produce: 9, transaction: 0 }],
  ['3.6', { fetch: 15, produce: 9, transaction: 0 }],
  ['3.9', { fetch: 17, produce: 11, transaction: 0 }],
  ['4.0', { fetch: 17, produce: 12, transaction: 2 }],
  ['4.3', { fetch: 18, produce: 13, transaction: 2 }],
] as const)('a broker that emulates %s', (emulate, expected) => {
  test('advertises its versions and features', async () => {
    await using kafka = await startEmbeddedKafka({ emulate })
    const client = await RawClient.open(kafka.addresses[0]!.port)
    const answer = await client.send('ApiVersions', { clientSoftwareName: 'a', clientSoftwareVersion: '1' }, 3)
    const highest = (key: number) => answer.apiKeys.find(({ apiKey }) => apiKey === key)?.maxVersion
    const transaction = answer.finalizedFeatures.find(({ name }) => name === 'transaction.version')
    expect({ fetch: highest(1), produce: highest(0), transaction: transaction?.maxVersionLevel ?? 0 }).toEqual(expected)
    client.close()
  })
})
