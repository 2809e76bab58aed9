import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { kafkaError } from '@sluice/kafka-protocol'
import { type EmbeddedKafka, type EmbeddedKafkaOptions, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { RawClient } from '../support/raw-client.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

async function start(options: EmbeddedKafkaOptions = {}): Promise<{ kafka: EmbeddedKafka; client: RawClient }> {
  const kafka = await startEmbeddedKafka(options)
  open.push(kafka)
  const client = await RawClient.open(kafka.addresses[0]!.port)
  open.push(client)
  return { kafka, client }
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'groups-'))
  open.push({ close: () => rmSync(path, { recursive: true, force: true }) })
  return path
}

async function topic(client: RawClient, name: string, numPartitions = 1): Promise<string> {
  const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }]
  return (await client.send('CreateTopics', { topics, timeoutMs: 1_000 })).topics[0]!.topicId
}

function joining(change: object = {}): Parameters<RawClient['send']>[1] & object {
  return {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'connect',
    protocols: [{ name: 'a', metadata: Buffer.from('m') }],
    ...change,
  }
}

/** A stable classic group `g` of one static member. */
async function classic(client: RawClient, groupId = 'g'): Promise<string> {
  const body = joining({ groupId, groupInstanceId: 'i1' }) as never
  const { memberId } = await client.send('JoinGroup', body, 9)
  const assignments = [{ memberId, assignment: Buffer.from('mine') }]
  const sync = { groupId, generationId: 1, memberId, groupInstanceId: 'i1', protocolType: 'connect', protocolName: 'a' }
  await client.send('SyncGroup', { ...sync, assignments }, 5)
  return memberId
}

async function commit(
  client: RawClient,
  offset: number,
  claim: object = {},
  groupId = 'g',
  name = 't',
): Promise<string> {
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: 'm' }]
  const body = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name, partitions }], ...claim }
  const { topics } = await client.send('OffsetCommit', body, 9)
  return kafkaError(topics[0]!.partitions[0]!.errorCode).name
}

async function committed(client: RawClient, requireStable = false): Promise<number | string> {
  const groups = [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }]
  const answer = await client.send('OffsetFetch', { groups, requireStable }, 8)
  const [group] = answer.groups
  const found = group!.topics[0]!.partitions[0]!
  return found.errorCode === 0 ? Number(found.committedOffset) : kafkaError(found.errorCode).name
}

async function inTransaction(client: RawClient, offset: number): Promise<(committed: boolean) => Promise<void>> {
  const transactionalId = 'txn'
  const init = { transactionalId, transactionTimeoutMs: 900_000, producerId: -1, producerEpoch: -1 }
  const { producerId, producerEpoch } = await client.send('InitProducerId', init, 4)
  const producer = { transactionalId, producerId, producerEpoch }
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: 'm' }]
  const topics = [{ name: 't', partitions }]
  await client.send('TxnOffsetCommit', { ...producer, groupId: 'g', memberId: '', topics }, 5)
  return async (isCommitted) => {
    await client.send('EndTxn', { ...producer, committed: isCommitted }, 4)
    for (let i = 0; i < 100; i++) {
      const { transactionStates } = await client.send('DescribeTransactions', { transactionalIds: [transactionalId] })
      if (transactionStates[0]!.transactionState.startsWith('Complete')) return
    }
    throw new Error('The transaction does not end')
  }
}

describe('after a restart', () => {
  it('a classic group goes on in its generation, with its members and their assignments', async () => {
    const dataDir = directory()
    const before = await start({ dataDir })
    const memberId = await classic(before.client)
    await before.kafka.close()
    const { client } = await start({ dataDir })
    const claim = { groupId: 'g', generationId: 1, memberId, groupInstanceId: 'i1' }
    expect((await client.send('Heartbeat', claim)).errorCode).toBe(0)
    const { groups } = await client.send('DescribeGroups', { groups: ['g'] })
    expect(groups[0]).toMatchObject({
      groupState: 'Stable',
      protocolType: 'connect',
      protocolData: 'a',
      members: [{ memberId, groupInstanceId: 'i1', memberAssignment: Buffer.from('mine') }],
    })
  })

  it('a consumer group goes on in its epoch, and its members have what they had', async () => {
    const dataDir = directory()
    const before = await start({ dataDir })
    const topicId = await topic(before.client, 't', 2)
    const full = { rebalanceTimeoutMs: 1_000, subscribedTopicNames: ['t'], topicPartitions: [] }
    const member = { groupId: 'g', memberId: 'm' }
    const joined = await before.client.send('ConsumerGroupHeartbeat', { ...member, memberEpoch: 0, ...full })
    await before.kafka.close()
    const { client } = await start({ dataDir })
    const { memberEpoch } = joined
    const again = await client.send('ConsumerGroupHeartbeat', { ...member, memberEpoch })
    expect(again).toMatchObject({ errorCode: 0, memberEpoch, assignment: null })
    const { groups } = await client.send('ConsumerGroupDescribe', { groupIds: ['g'] })
    expect(groups[0]).toMatchObject({
      groupState: 'Stable',
      members: [{ assignment: { topicPartitions: [{ topicId, partitions: [0, 1] }] } }],
    })
  })

  it('a group with members of both protocols goes on, and one that has become classic again stays classic', async () => {
    const dataDir = directory()
    const before = await start({ dataDir })
    await topic(before.client, 't', 2)
    const metadata = Buffer.from('000100000001000174ffffffff00000000', 'hex')
    const asked = joining({ protocolType: 'consumer', protocols: [{ name: 'range', metadata }] })
    const { memberId } = await before.client.send('JoinGroup', { ...asked, groupInstanceId: 'i1' } as never, 9)
    const member = { groupId: 'g', memberId: 'm' }
    const full = { rebalanceTimeoutMs: 1_000, subscribedTopicNames: ['t'], topicPartitions: [] }
    await before.client.send('ConsumerGroupHeartbeat', { ...member, memberEpoch: 0, ...full })
    await before.kafka.close()
    const between = await start({ dataDir })
    const described = await between.client.send('ConsumerGroupDescribe', { groupIds: ['g'] })
    const types = described.groups[0]!.members.map(({ memberType }) => memberType)
    expect(types.toSorted((a, b) => a - b)).toEqual([0, 1])
    const claim = { groupId: 'g', generationId: 1, memberId, groupInstanceId: 'i1' }
    expect(kafkaError((await between.client.send('Heartbeat', claim)).errorCode).name).toBe('REBALANCE_IN_PROGRESS')
    await between.client.send('ConsumerGroupHeartbeat', { ...member, memberEpoch: -1 })
    await between.kafka.close()
    const { client } = await start({ dataDir })
    const { groups } = await client.send('ListGroups', { statesFilter: [], typesFilter: [] })
    expect(groups).toMatchObject([{ groupId: 'g', groupType: 'classic', protocolType: 'consumer' }])
  })

  it('committed offsets are there, and those of an open transaction still wait for its end', async () => {
    const dataDir = directory()
    const before = await start({ dataDir })
    await topic(before.client, 't')
    await commit(before.client, 5)
    const end = await inTransaction(before.client, 9)
    await before.kafka.close()
    expect(end).toBeInstanceOf(Function)
    const { client } = await start({ dataDir })
    expect([await committed(client), await committed(client, true)]).toEqual([5, 'UNSTABLE_OFFSET_COMMIT'])
    const init = { transactionalId: 'txn', transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
    for (let i = 0; i < 100; i++) {
      if ((await client.send('InitProducerId', init, 4)).errorCode === 0) break
    }
    expect(await committed(client, true)).toBe(5)
  })

  it('offsets of a transaction that was committed count', async () => {
    const dataDir = directory()
    const before = await start({ dataDir })
    await topic(before.client, 't')
    const end = await inTransaction(before.client, 9)
    await end(true)
    expect(await committed(before.client, true)).toBe(9)
    await before.kafka.close()
    const { client } = await start({ dataDir })
    expect(await committed(client, true)).toBe(9)
  })

  it('what was deleted is gone, also when the topic of groups was compacted', async () => {
    const dataDir = directory()
    const before = await start({ dataDir })
    await topic(before.client, 't')
    for (let i = 0; i < 50; i++) await commit(before.client, i)
    await commit(before.client, 7, {}, 'other')
    await before.client.send('DeleteGroups', { groupsNames: ['g'] })
    before.kafka.compactNow('__consumer_offsets')
    await before.kafka.close()
    const { client } = await start({ dataDir })
    expect(await committed(client)).toBe(-1)
    const { groups } = await client.send('ListGroups', { statesFilter: [], typesFilter: [] })
    expect(groups.map(({ groupId }) => groupId)).toEqual(['other'])
  })
})

describe('offsets', () => {
  it('of an empty group go when they have been unused for offsets.retention.minutes, and the group with them', async () => {
    const { kafka, client } = await start({ configs: { 'offsets.retention.minutes': '60' } })
    kafka.freezeClock()
    await topic(client, 't')
    await commit(client, 5)
    kafka.advanceClock(59 * 60_000)
    expect(await committed(client)).toBe(5)
    kafka.advanceClock(11 * 60_000)
    expect(await committed(client)).toBe(-1)
    const { groups } = await client.send('DescribeGroups', { groups: ['g'] })
    expect(kafkaError(groups[0]!.errorCode).name).toBe('GROUP_ID_NOT_FOUND')
  })

  it('of a group with members stay', async () => {
    const { kafka, client } = await start({ configs: { 'offsets.retention.minutes': '1' } })
    kafka.freezeClock()
    await topic(client, 't')
    const memberId = await classic(client)
    await commit(client, 5, { generationIdOrMemberEpoch: 1, memberId, groupInstanceId: 'i1' })
    for (let i = 0; i < 100; i++) {
      kafka.advanceClock(9_000)
      await client.send('Heartbeat', { groupId: 'g', generationId: 1, memberId, groupInstanceId: 'i1' })
    }
    expect(await committed(client)).toBe(5)
  })

  it('stay while an open transaction has newer ones', async () => {
    const { kafka, client } = await start({ configs: { 'offsets.retention.minutes': '1' } })
    kafka.freezeClock()
    await topic(client, 't')
    await commit(client, 5)
    await inTransaction(client, 9)
    kafka.advanceClock(601_000)
    expect(await committed(client)).toBe(5)
  })

  it('go with their topic', async () => {
    const { client } = await start()
    await topic(client, 't')
    await commit(client, 5)
    await client.send('DeleteTopics', { topics: [{ name: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }], timeoutMs: 1_000 })
    await topic(client, 't')
    expect(await committed(client)).toBe(-1)
  })

  it('are committed for 2,000 partitions in one request', async () => {
    const { client } = await start()
    await topic(client, 't', 2_000)
    const partitions = Array.from({ length: 2_000 }, (_, i) => ({
      partitionIndex: i,
      committedOffset: i,
      committedMetadata: '',
    }))
    const body = { groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: 't', partitions }] }
    const { topics } = await client.send('OffsetCommit', body, 9)
    expect(new Set(topics[0]!.partitions.map(({ errorCode }) => errorCode))).toEqual(new Set([0]))
    const groups = [{ groupId: 'g', topics: null }]
    const fetched = await client.send('OffsetFetch', { groups, requireStable: true }, 9)
    expect(fetched.groups[0]!.topics[0]!.partitions).toHaveLength(2_000)
  })
})

describe('the coordinator of a group', () => {
  it('is one of several nodes, and the others say so', async () => {
    const { kafka, client } = await start({ nodes: 3 })
    await topic(client, 't')
    kafka.moveCoordinator('group', 'g', 2)
    expect(await commit(client, 5)).toBe('NOT_COORDINATOR')
    const other = await RawClient.open(kafka.addresses[1]!.port)
    open.push(other)
    expect(await commit(other, 5)).toBe('NONE')
    const lists = await Promise.all(
      [client, other].map((one) => one.send('ListGroups', { statesFilter: [], typesFilter: [] })),
    )
    expect(lists.map(({ groups }) => groups.length)).toEqual([0, 1])
  })

  it('goes on with what another node coordinated', async () => {
    const { kafka, client } = await start({ nodes: 2 })
    kafka.moveCoordinator('group', 'g', 1)
    const memberId = await classic(client)
    kafka.moveCoordinator('group', 'g', 2)
    const claim = { groupId: 'g', generationId: 1, memberId, groupInstanceId: 'i1' }
    expect(kafkaError((await client.send('Heartbeat', claim)).errorCode).name).toBe('NOT_COORDINATOR')
    const other = await RawClient.open(kafka.addresses[1]!.port)
    open.push(other)
    expect((await other.send('Heartbeat', claim)).errorCode).toBe(0)
  })

  it('ends the session of a member by the fault verb', async () => {
    const { kafka, client } = await start()
    const memberId = await classic(client)
    kafka.expireMember('g', memberId)
    const claim = { groupId: 'g', generationId: 1, memberId, groupInstanceId: 'i1' }
    expect(kafkaError((await client.send('Heartbeat', claim)).errorCode).name).toBe('UNKNOWN_MEMBER_ID')
  })

  it('takes out a member whose client goes while it waits for others', async () => {
    const { kafka, client } = await start()
    const memberId = await classic(client)
    const lost = await RawClient.open(kafka.addresses[0]!.port)
    lost.send('JoinGroup', joining() as never, 3).catch(() => {})
    const size = async (): Promise<number> =>
      (await client.send('DescribeGroups', { groups: ['g'] })).groups[0]!.members.length
    while ((await size()) < 2) continue
    lost.close()
    while ((await size()) > 1) continue
    const again = joining({ memberId, groupInstanceId: 'i1' }) as never
    expect((await client.send('JoinGroup', again, 9)).members).toHaveLength(1)
  })

  it('changes the protocol of a group that has no members', async () => {
    const { client } = await start()
    await topic(client, 't')
    const memberId = await classic(client)
    const joins = {
      groupId: 'g',
      memberEpoch: 0,
      rebalanceTimeoutMs: 1,
      subscribedTopicNames: ['t'],
      topicPartitions: [],
    }
    const refused = await client.send('ConsumerGroupHeartbeat', { ...joins, memberId: 'm' })
    expect(kafkaError(refused.errorCode).name).toBe('GROUP_ID_NOT_FOUND')
    await client.send('LeaveGroup', { groupId: 'g', members: [{ memberId, groupInstanceId: 'i1' }] })
    await commit(client, 5)
    expect((await client.send('ConsumerGroupHeartbeat', { ...joins, memberId: 'm' })).errorCode).toBe(0)
    expect(await committed(client)).toBe(5)
    const left = { groupId: 'g', memberId: 'm', memberEpoch: -1 }
    await client.send('ConsumerGroupHeartbeat', left)
    expect((await client.send('JoinGroup', joining() as never, 3)).errorCode).toBe(0)
  })

  it('offers no consumer groups where the emulated release has none', async () => {
    const { client } = await start({ emulate: '3.9' })
    const { apiKeys } = await client.send('ApiVersions', { clientSoftwareName: 'a', clientSoftwareVersion: '1' }, 3)
    const offered = apiKeys.some(({ apiKey }) => apiKey === 68)
    if (!offered) return
    const beat = { groupId: 'g', memberId: 'm', memberEpoch: 1 }
    const answer = await client.send('ConsumerGroupHeartbeat', beat, 0)
    expect(kafkaError(answer.errorCode).name).toBe('UNSUPPORTED_VERSION')
  })
})
