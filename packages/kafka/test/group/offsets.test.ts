import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Kafka, connect } from '../../src/index.ts'
import { FakeCluster, type Fault } from '../fake/fake-cluster.ts'

let cluster: FakeCluster
let kafka: Kafka
const at = { topic: 't', partition: 0 }

beforeEach(async () => {
  cluster = await FakeCluster.start(2)
  cluster.createTopic('t', 2)
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 1500 })
})
afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

const faults: [string, Fault][] = [
  ['is loading', { do: 'refuse', errorCode: 14 }],
  ['is not available', { do: 'refuse', errorCode: 15 }],
  ['hangs up', { do: 'drop' }],
  ['answers half', { do: 'truncate' }],
]
for (const [what, fault] of faults) {
  test(`a commit is repeated while the coordinator ${what}`, async () => {
    cluster.failNext('OffsetCommit', fault, fault)
    await kafka.groupOffsets('g').commit([{ ...at, offset: 5, metadata: 'm' }])
    expect(cluster.committed.get('g t 0')).toEqual({ offset: 5, metadata: 'm' })
  })

  test(`reading is repeated while the coordinator ${what}`, async () => {
    cluster.committed.set('g t 0', { offset: 7, metadata: 'm' })
    cluster.failNext('OffsetFetch', fault)
    expect(await kafka.groupOffsets('g').committed([at])).toEqual([{ ...at, offset: 7, metadata: 'm' }])
  })
}

test('a coordinator that moves is found again', async () => {
  const offsets = kafka.groupOffsets('g')
  await offsets.commit([{ ...at, offset: 1, metadata: '' }])
  cluster.coordinator = 2
  await offsets.commit([{ ...at, offset: 2, metadata: '' }])
  expect(cluster.requests.filter(({ api }) => api === 'OffsetCommit').map(({ broker }) => broker)).toEqual([1, 1, 2])
  expect(cluster.committed.get('g t 0')!.offset).toBe(2)
})

test('a commit goes out as one without membership', async () => {
  await kafka.groupOffsets('g').commit([{ ...at, offset: 1, metadata: '' }])
  const { body } = cluster.requests.find(({ api }) => api === 'OffsetCommit')!
  expect(body).toMatchObject({ generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null })
})

test('a group that has members is somebody else', async () => {
  cluster.failNext('OffsetCommit', { do: 'refuse', errorCode: 25 })
  const commit = kafka.groupOffsets('g').commit([{ ...at, offset: 1, metadata: '' }])
  await expect(commit).rejects.toMatchObject({
    code: 'KAFKA_FENCED',
    retriable: false,
    place: { group: 'g', error: 'UNKNOWN_MEMBER_ID' },
  })
})

test('what the coordinator refuses for longer than the deadline is an error with its name', async () => {
  cluster.faults.push(({ api }) => (api === 'OffsetCommit' ? { do: 'refuse', errorCode: 14 } : undefined))
  const commit = kafka.groupOffsets('g').commit([{ ...at, offset: 1, metadata: '' }])
  await expect(commit).rejects.toMatchObject({ retriable: true, place: { error: 'COORDINATOR_LOAD_IN_PROGRESS' } })
})
