/** KIP-848 seen from the wire: what the heartbeats say, and what is made of refusals. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type RequestBody, type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { type Kafka, connect } from '../../src/index.ts'
import { type ConsumerProbe, consumerProbe, eventually } from '../../src/testing/group-probe.ts'
import { FakeCluster, type Fault } from '../fake/fake-cluster.ts'

type Beat = RequestBody<'ConsumerGroupHeartbeat'>

let cluster: FakeCluster
let kafka: Kafka
let epoch: number
let beats: Beat[]
/** What the coordinator wants the member to hold; given out once. */
let target: { topicId: string; partitions: number[] }[] | null
const refuse = (name: Parameters<typeof kafkaErrorCode>[0]): Fault => ({
  do: 'refuse',
  errorCode: kafkaErrorCode(name),
})

beforeEach(async () => {
  cluster = await FakeCluster.start(1)
  const { id } = cluster.createTopic('t', 3)
  epoch = 0
  beats = []
  target = [{ topicId: id, partitions: [0, 1, 2] }]
  cluster.handlers.set(
    'ConsumerGroupHeartbeat',
    (body: Beat, _, __, errorCode): ResponseInput<'ConsumerGroupHeartbeat'> => {
      beats.push(body)
      const assignment = target === null || errorCode !== 0 ? null : { topicPartitions: target }
      if (assignment !== null) {
        target = null
        epoch++
      }
      const memberEpoch = body.memberEpoch < 0 ? body.memberEpoch : Math.max(1, epoch)
      return { errorCode, memberId: body.memberId, memberEpoch, heartbeatIntervalMs: 20, assignment }
    },
  )
  const metadata = cluster.handlers
  metadata.set('OffsetFetch', () => ({ groups: [{ groupId: 'g', errorCode: 0, topics: [] }] }))
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 1_500 })
})
afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

async function joined(options: Parameters<typeof consumerProbe>[3] = {}): Promise<ConsumerProbe> {
  const probe = consumerProbe(kafka, 'g', ['t'], { protocol: 'consumer', sessionTimeoutMs: 2_000, ...options })
  await probe.member.join()
  return probe
}

test('the first heartbeat tells everything, the next ones only what has changed', async () => {
  const { member } = await joined({ instanceId: 'i', rackId: 'r', serverAssignor: 'range', rebalanceTimeoutMs: 9_000 })
  const reports = (): Beat[] => beats.slice(1).filter(({ topicPartitions }) => topicPartitions !== null)
  await eventually('some follow, and one says what it holds by now', () => beats.length > 5 && reports().length > 0)
  const [first, ...next] = beats as [Beat, ...Beat[]]
  expect(first).toMatchObject({
    memberEpoch: 0,
    instanceId: 'i',
    rackId: 'r',
    rebalanceTimeoutMs: 9_000,
    subscribedTopicNames: ['t'],
    serverAssignor: 'range',
    topicPartitions: [],
  })
  expect(Buffer.from(first.memberId, 'base64url').length).toBe(16)
  for (const beat of next) {
    expect(beat).toMatchObject({
      memberEpoch: 1,
      subscribedTopicNames: null,
      rackId: null,
      serverAssignor: null,
      rebalanceTimeoutMs: -1,
    })
  }
  expect(reports().map(({ topicPartitions }) => topicPartitions)).toEqual([
    [{ topicId: expect.any(String), partitions: [0, 1, 2] }],
  ])
  await member.close()
  expect(beats.at(-1)!.memberEpoch).toBe(-2)
})

test('after an answer that was lost everything is told again', async () => {
  await joined()
  await eventually('it is settled', () => beats.length > 3)
  cluster.failNext('ConsumerGroupHeartbeat', { do: 'act-and-drop' })
  const before = beats.length
  await eventually('heartbeats go on', () => beats.length > before + 2)
  const told = beats.slice(before).filter(({ subscribedTopicNames }) => subscribedTopicNames !== null)
  expect(told.length).toBe(1)
  expect(told[0]!.topicPartitions).toEqual([{ topicId: expect.any(String), partitions: [0, 1, 2] }])
})

test('what is to be given up is reported only when onRevoked has settled', async () => {
  const held = Promise.withResolvers<void>()
  const hooks = { onAssigned: () => undefined, onRevoked: () => held.promise, onLost: () => undefined }
  const { member } = await joined({ hooks })
  const { topicId } = beats[1]?.topicPartitions?.[0] ?? { topicId: cluster.topics.get('t')!.id }
  await eventually('it is settled', () => beats.length > 3)
  target = [{ topicId, partitions: [0] }]
  const before = beats.length
  await eventually('heartbeats go on meanwhile', () => beats.length > before + 3)
  expect(beats.slice(before).every(({ topicPartitions }) => topicPartitions === null)).toBe(true)
  expect(member.assignment().length).toBe(3)
  held.resolve()
  const reported = (): Beat | undefined => beats.slice(before).find(({ topicPartitions }) => topicPartitions !== null)
  await eventually('it is reported', () => reported() !== undefined)
  expect(reported()!.topicPartitions).toEqual([{ topicId, partitions: [0] }])
  expect(member.assignment()).toEqual([{ topic: 't', partition: 0 }])
})

for (const name of ['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const) {
  test(`${name}: all is lost; joins again under its own id`, async () => {
    const { events } = await joined()
    await eventually('it is settled', () => beats.length > 2)
    cluster.failNext('ConsumerGroupHeartbeat', refuse(name))
    target = [{ topicId: cluster.topics.get('t')!.id, partitions: [1] }]
    await eventually('it is back', () => events.length === 3)
    expect(events).toEqual(['assigned 0,1,2', 'lost 0,1,2', 'assigned 1'])
    expect(new Set(beats.map(({ memberId }) => memberId)).size).toBe(1)
    expect(beats.filter(({ memberEpoch }) => memberEpoch === 0).length).toBe(2)
  })
}

for (const name of ['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const) {
  test(`${name}: the place is kept`, async () => {
    const { events, member } = await joined()
    cluster.failNext('ConsumerGroupHeartbeat', refuse(name), refuse(name))
    const before = beats.length
    await eventually('heartbeats go on', () => beats.length > before + 4)
    expect(events).toEqual(['assigned 0,1,2'])
    expect(member.poll()).toBe(true)
  })
}

for (const name of [
  'UNSUPPORTED_VERSION',
  'GROUP_AUTHORIZATION_FAILED',
  'UNRELEASED_INSTANCE_ID',
  'UNSUPPORTED_ASSIGNOR',
] as const) {
  test(`${name}: is the end, and says so`, async () => {
    cluster.failNext('ConsumerGroupHeartbeat', refuse(name))
    await expect(joined()).rejects.toMatchObject({ code: 'KAFKA_REFUSED', retriable: false, place: { error: name } })
  })
}

test('a commit that meets a new epoch goes out again with it', async () => {
  const { member } = await joined()
  cluster.failNext('OffsetCommit', refuse('STALE_MEMBER_EPOCH'))
  epoch = 7
  await member.commit([{ topic: 't', partition: 0, offset: 3, metadata: '' }])
  const commits = cluster.requests.filter(({ api }) => api === 'OffsetCommit')
  const epochs = commits.map(({ body }) => (body as RequestBody<'OffsetCommit'>).generationIdOrMemberEpoch)
  expect(epochs.at(-1)).toBe(7)
  expect(epochs.length).toBe(2)
})

test('a topic whose name is not known yet is taken over when it is', async () => {
  const unknown = Buffer.alloc(16, 7).toString('base64url')
  target = [
    { topicId: cluster.topics.get('t')!.id, partitions: [0] },
    { topicId: unknown, partitions: [5] },
  ]
  const { member, events } = await joined()
  expect(events).toEqual(['assigned 0'])
  cluster.topics.set('late', { ...cluster.createTopic('late', 6), id: unknown })
  await eventually('it is held', () => member.assignment().length === 2)
  expect(events).toEqual(['assigned 0', 'assigned 5'])
})
