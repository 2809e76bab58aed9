/** What a member does about every error code of its coordinator, and about answers that do not come. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { type Kafka, connect } from '../../src/index.ts'
import { type GroupProbe, type ProbeOptions, eventually, groupProbe, pause } from '../../src/testing/group-probe.ts'
import { FakeCluster, type Fault } from '../fake/fake-cluster.ts'
import { FAST, ScriptedGroup } from './scripted-group.ts'

let cluster: FakeCluster
let group: ScriptedGroup
let kafka: Kafka

beforeEach(async () => {
  cluster = await FakeCluster.start(2)
  cluster.createTopic('t', 1)
  group = new ScriptedGroup(cluster)
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 1_500 })
})
afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

type Code = Parameters<typeof kafkaErrorCode>[0]
const refuse = (name: Code): Fault => ({ do: 'refuse', errorCode: kafkaErrorCode(name) })
const offset = { topic: 't', partition: 0, offset: 5, metadata: '' }

function probe(of: ProbeOptions = {}): GroupProbe {
  return groupProbe(kafka, 'g', 'a', { ...of, options: { ...FAST, ...of.options } })
}

async function joined(of: ProbeOptions = {}): Promise<GroupProbe> {
  const one = probe(of)
  await one.member.join()
  return one
}

describe('JoinGroup', () => {
  for (const name of ['COORDINATOR_LOAD_IN_PROGRESS', 'REBALANCE_IN_PROGRESS', 'REQUEST_TIMED_OUT'] as const) {
    test(`${name}: asks again`, async () => {
      cluster.failNext('JoinGroup', refuse(name), refuse(name))
      const { events } = await joined()
      expect(events).toEqual(['assigned a/1'])
      expect(cluster.count('FindCoordinator')).toBe(1)
    })
  }

  for (const name of ['COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR'] as const) {
    test(`${name}: finds the coordinator, then asks it`, async () => {
      cluster.faults.push((request) => {
        if (request.api === 'JoinGroup') cluster.coordinator = 2
        return undefined
      })
      cluster.failNext('JoinGroup', refuse(name))
      await joined()
      expect(cluster.count('FindCoordinator')).toBe(2)
      expect(cluster.requests.filter(({ api }) => api === 'JoinGroup').map(({ broker }) => broker)).toEqual([1, 2])
    })
  }

  test('MEMBER_ID_REQUIRED: joins under the id that was given, at once', async () => {
    cluster.failNext('JoinGroup', refuse('MEMBER_ID_REQUIRED'))
    const { member } = await joined()
    expect(group.bodies('JoinGroup').map(({ memberId }) => memberId)).toEqual(['', 'm-1'])
    expect(group.bodies('JoinGroup')[1]!.reason).toContain('m-1')
    expect(member.identity().memberId).toBe('m-1')
  })

  test('MEMBER_ID_REQUIRED, again and again: is asked with pauses', async () => {
    cluster.faults.push(({ api }) => (api === 'JoinGroup' ? refuse('MEMBER_ID_REQUIRED') : undefined))
    const { member } = probe()
    await expect(member.join(500)).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
    expect(cluster.count('JoinGroup')).toBeLessThan(10)
    await member.close(0)
  })

  test('UNKNOWN_MEMBER_ID: joins as somebody new', async () => {
    cluster.failNext('JoinGroup', refuse('MEMBER_ID_REQUIRED'), refuse('UNKNOWN_MEMBER_ID'))
    const { member } = await joined()
    expect(group.bodies('JoinGroup').map(({ memberId }) => memberId)).toEqual(['', 'm-1', ''])
    expect(member.identity().memberId).toBe('m-2')
  })

  for (const name of [
    'INCONSISTENT_GROUP_PROTOCOL',
    'INVALID_GROUP_ID',
    'INVALID_SESSION_TIMEOUT',
    'GROUP_AUTHORIZATION_FAILED',
    'GROUP_MAX_SIZE_REACHED',
    'UNSUPPORTED_VERSION',
    'UNKNOWN_SERVER_ERROR',
  ] as const) {
    test(`${name}: is the end, and says so`, async () => {
      cluster.failNext('JoinGroup', refuse(name))
      const { member } = probe()
      const facts = { code: 'KAFKA_REFUSED', retriable: false, place: { group: 'g', error: name } }
      await expect(member.join()).rejects.toMatchObject(facts)
      expect(() => member.poll()).toThrow(name)
      await expect(member.join()).rejects.toMatchObject(facts)
      expect(cluster.count('JoinGroup')).toBe(1)
      await member.close()
      expect(cluster.count('LeaveGroup')).toBe(0)
    })
  }

  test('FENCED_INSTANCE_ID: is the end, and the one who has the place is not put out of it', async () => {
    cluster.failNext('JoinGroup', refuse('FENCED_INSTANCE_ID'))
    const { member } = probe({ options: { instanceId: 'i' } })
    await expect(member.join()).rejects.toMatchObject({ code: 'KAFKA_FENCED', place: { error: 'FENCED_INSTANCE_ID' } })
    await member.close(undefined, 'leave')
    expect(cluster.count('LeaveGroup')).toBe(0)
  })

  test('a protocol that was not offered is the end', async () => {
    cluster.handlers.set('JoinGroup', () => ({
      errorCode: 0,
      generationId: 1,
      protocolName: 'other',
      leader: 'm',
      memberId: 'm',
      members: [],
    }))
    await expect(probe().member.join()).rejects.toMatchObject({ place: { error: 'INCONSISTENT_GROUP_PROTOCOL' } })
  })

  for (const what of ['drop', 'truncate', 'act-and-drop'] as const) {
    test(`an answer lost with its connection (${what}): asks again`, async () => {
      cluster.failNext('JoinGroup', { do: what })
      const { events } = await joined()
      expect(events).toEqual(['assigned a/1'])
    })
  }
})

describe('SyncGroup', () => {
  const cases = [
    ['REBALANCE_IN_PROGRESS', ['', 'm-1']],
    ['ILLEGAL_GENERATION', ['', 'm-1']],
    ['UNKNOWN_MEMBER_ID', ['', '']],
    ['COORDINATOR_LOAD_IN_PROGRESS', ['', 'm-1']],
    ['NOT_COORDINATOR', ['', 'm-1']],
  ] as const
  for (const [name, memberIds] of cases) {
    test(`${name}: joins again ${memberIds[1] === '' ? 'as somebody new' : 'under its id'}`, async () => {
      cluster.failNext('SyncGroup', refuse(name))
      const { events } = await joined()
      expect(group.bodies('JoinGroup').map(({ memberId }) => memberId)).toEqual(memberIds)
      expect(events).toEqual(['assigned a/1'])
    })
  }

  for (const [name, code] of [
    ['GROUP_AUTHORIZATION_FAILED', 'KAFKA_REFUSED'],
    ['FENCED_INSTANCE_ID', 'KAFKA_FENCED'],
  ] as const) {
    test(`${name}: is the end`, async () => {
      cluster.failNext('SyncGroup', refuse(name))
      await expect(probe().member.join()).rejects.toMatchObject({ code, place: { error: name } })
    })
  }

  test('heartbeats go on while the leader takes its time and the coordinator too', async () => {
    cluster.failNext('SyncGroup', { do: 'delay', ms: 250 })
    await joined()
    const order = group.asked('SyncGroup', 'Heartbeat')
    expect(order[0]).toBe('SyncGroup')
    // The broker works on one request per connection at a time: they came over another one.
    expect(order.length).toBeGreaterThan(3)
  })
})

describe('Heartbeat', () => {
  test('REBALANCE_IN_PROGRESS: gives up and joins again, under its id', async () => {
    const { events } = await joined()
    cluster.failNext('Heartbeat', refuse('REBALANCE_IN_PROGRESS'))
    await eventually('it has rejoined', () => events.length === 3)
    expect(events).toEqual(['assigned a/1', 'revoked', 'assigned a/1'])
    expect(group.bodies('JoinGroup').map(({ memberId, reason }) => [memberId, reason])).toEqual([
      ['', 'the member joins'],
      ['m-1', 'group is already rebalancing'],
    ])
  })

  for (const [name, memberId] of [
    ['ILLEGAL_GENERATION', 'm-1'],
    ['UNKNOWN_MEMBER_ID', ''],
  ] as const) {
    test(`${name}: all is lost, not revoked; joins ${memberId === '' ? 'as somebody new' : 'under its id'}`, async () => {
      const { events } = await joined()
      cluster.failNext('Heartbeat', refuse(name))
      await eventually('it is back', () => events.length === 3)
      expect(events).toEqual(['assigned a/1', `lost ${name}`, 'assigned a/1'])
      expect(group.bodies('JoinGroup')[1]!.memberId).toBe(memberId)
    })
  }

  for (const [name, code] of [
    ['FENCED_INSTANCE_ID', 'KAFKA_FENCED'],
    ['GROUP_AUTHORIZATION_FAILED', 'KAFKA_REFUSED'],
  ] as const) {
    test(`${name}: all is lost, for good`, async () => {
      const { events, member } = await joined()
      cluster.failNext('Heartbeat', refuse(name))
      await eventually('all is lost', () => events.length === 2)
      expect(events).toEqual(['assigned a/1', `lost ${name}`])
      expect(() => member.poll()).toThrow(expect.objectContaining({ code }))
      await expect(member.commit([offset])).rejects.toMatchObject({ code: 'KAFKA_FENCED', place: { error: name } })
      await pause(100)
      expect(cluster.count('JoinGroup')).toBe(1)
    })
  }

  for (const fault of [
    refuse('NOT_COORDINATOR'),
    refuse('COORDINATOR_NOT_AVAILABLE'),
    refuse('COORDINATOR_LOAD_IN_PROGRESS'),
    { do: 'drop' },
    { do: 'truncate' },
    { do: 'mute' },
  ] as Fault[]) {
    const what = fault.do === 'refuse' ? `error ${fault.errorCode}` : fault.do
    test(`${what}: the place is kept, and the next one follows`, async () => {
      const { events, member } = await joined()
      cluster.failNext('Heartbeat', fault)
      const before = cluster.count('Heartbeat')
      await eventually('heartbeats go on', () => cluster.count('Heartbeat') > before + 4)
      expect(events).toEqual(['assigned a/1'])
      expect(member.poll()).toBe(true)
      expect(member.identity().memberId).toBe('m-1')
    })
  }

  test('a coordinator that does not answer for a whole session: all is lost', async () => {
    const { events, member } = await joined({ options: { sessionTimeoutMs: 400 } })
    let isMute = true
    cluster.faults.push(({ api }) => (isMute && api === 'Heartbeat' ? { do: 'drop' } : undefined))
    await eventually('all is lost', () => events.length >= 2)
    isMute = false
    expect(events[1]).toBe('lost UNKNOWN_MEMBER_ID')
    await eventually('it is back', () => member.poll())
    // The coordinator may know it still: then it need not wait for the old session to end.
    expect(group.bodies('JoinGroup').at(-1)!.memberId).toBe('m-1')
  })
})

describe('OffsetCommit', () => {
  const at = { topic: 't', partition: 0 }

  test('REBALANCE_IN_PROGRESS: refused for now, and the member joins again', async () => {
    const { member, events } = await joined()
    cluster.failNext('OffsetCommit', refuse('REBALANCE_IN_PROGRESS'))
    await expect(member.commit([offset])).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
      retriable: true,
      place: { error: 'REBALANCE_IN_PROGRESS' },
    })
    await eventually('it has rejoined', () => events.length === 3)
    expect(events).toEqual(['assigned a/1', 'revoked', 'assigned a/1'])
    await member.commit([offset])
  })

  for (const name of ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'] as const) {
    test(`${name}: fenced, all is lost`, async () => {
      const { member, events } = await joined()
      cluster.failNext('OffsetCommit', refuse(name))
      await expect(member.commit([offset])).rejects.toMatchObject({
        code: 'KAFKA_FENCED',
        retriable: false,
        place: { error: name },
      })
      await eventually('it is back', () => events.length === 3)
      expect(events).toEqual(['assigned a/1', `lost ${name}`, 'assigned a/1'])
    })
  }

  for (const name of [
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REQUEST_TIMED_OUT',
  ] as const) {
    test(`${name}: sent again`, async () => {
      const { member, events } = await joined()
      cluster.failNext('OffsetCommit', refuse(name))
      await member.commit([offset])
      expect(cluster.committed.get('g t 0')).toEqual({ offset: 5, metadata: '' })
      expect(events).toEqual(['assigned a/1'])
    })
  }

  test('GROUP_AUTHORIZATION_FAILED: refused, and nothing else changes', async () => {
    const { member, events } = await joined()
    cluster.failNext('OffsetCommit', refuse('GROUP_AUTHORIZATION_FAILED'))
    await expect(member.commit([offset])).rejects.toMatchObject({ code: 'KAFKA_REFUSED', retriable: false })
    expect(member.poll()).toBe(true)
    expect(events).toEqual(['assigned a/1'])
  })

  test('goes out with generation, member id, instance id, leader epoch and metadata', async () => {
    const { member } = await joined({ options: { instanceId: 'i' } })
    await member.commit([{ ...offset, metadata: 'm', leaderEpoch: 3 }])
    expect(group.bodies('OffsetCommit').at(-1)).toMatchObject({
      groupId: 'g',
      generationIdOrMemberEpoch: 1,
      memberId: 'm-1',
      groupInstanceId: 'i',
      topics: [{ name: 't', partitions: [{ committedOffset: 5, committedLeaderEpoch: 3, committedMetadata: 'm' }] }],
    })
  })

  test('what was to be committed in one generation is not sent again in the next', async () => {
    const { member, events } = await joined()
    cluster.failNext('OffsetCommit', refuse('COORDINATOR_LOAD_IN_PROGRESS'))
    const commit = member.commit([offset])
    await eventually('it was refused once', () => cluster.count('OffsetCommit') === 1)
    member.requestRejoin('for the test')
    await expect(commit).rejects.toMatchObject({ retriable: true, place: { error: 'REBALANCE_IN_PROGRESS' } })
    await eventually('it has rejoined', () => events.length === 3)
    expect(cluster.count('OffsetCommit')).toBe(1)
  })

  test('an older commit that is sent again does not overtake a newer one', async () => {
    const { member } = await joined()
    cluster.failNext('OffsetCommit', refuse('COORDINATOR_LOAD_IN_PROGRESS'))
    await Promise.all([member.commit([offset]), member.commit([{ ...offset, offset: 6 }])])
    expect(cluster.committed.get('g t 0')!.offset).toBe(6)
  })

  test('UNSTABLE_OFFSET_COMMIT: read again, and stable offsets are asked for', async () => {
    const { member } = await joined()
    await member.commit([offset])
    cluster.failNext('OffsetFetch', refuse('UNSTABLE_OFFSET_COMMIT'), refuse('UNSTABLE_OFFSET_COMMIT'))
    expect((await member.committed([at]))[0]!.offset).toBe(5)
    const fetches = cluster.requests.filter(({ api }) => api === 'OffsetFetch')
    expect(fetches.map(({ body }) => (body as { requireStable: boolean }).requireStable)).toEqual([true, true, true])
  })
})

describe('leaving', () => {
  test('a dynamic member says goodbye with its reason', async () => {
    const { member } = await joined()
    await member.leave('x'.repeat(300))
    expect(group.bodies('LeaveGroup')).toMatchObject([{ members: [{ memberId: 'm-1', reason: 'x'.repeat(255) }] }])
    await member.close()
    expect(cluster.count('LeaveGroup')).toBe(1)
  })

  test('one that goes before it has heard its id waits for that, and gives it back: the others would wait for it a session long', async () => {
    const named = Promise.withResolvers<void>()
    cluster.handlers.set('JoinGroup', async () => {
      await named.promise
      const errorCode = kafkaErrorCode('MEMBER_ID_REQUIRED')
      return { errorCode, generationId: -1, protocolName: '', leader: '', memberId: 'm-9', members: [] }
    })
    const { member } = probe()
    member.join().catch(() => undefined)
    await eventually('asked', () => cluster.count('JoinGroup') === 1)
    const closed = member.close()
    named.resolve()
    await closed
    expect(group.bodies('LeaveGroup')).toMatchObject([{ members: [{ memberId: 'm-9' }] }])
  })

  test('no heartbeat follows the farewell', async () => {
    const { member } = await joined()
    cluster.failNext('LeaveGroup', { do: 'delay', ms: 150 })
    await member.leave('for the test')
    expect(group.asked('Heartbeat', 'LeaveGroup').at(-1)).toBe('LeaveGroup')
    await member.close()
  })

  test('a static member does not, unless it is told to', async () => {
    const stays = await joined({ options: { instanceId: 'i' } })
    await stays.member.close()
    expect(cluster.count('LeaveGroup')).toBe(0)
    const goes = await joined({ options: { instanceId: 'i' } })
    await goes.member.close(undefined, 'leave')
    expect(group.bodies('LeaveGroup')).toMatchObject([{ members: [{ groupInstanceId: 'i' }] }])
  })

  test('a dynamic member that is told to remain does not', async () => {
    const { member } = await joined()
    await member.close(undefined, 'remain')
    expect(cluster.count('LeaveGroup')).toBe(0)
  })

  for (const fault of [{ do: 'drop' }, refuse('UNKNOWN_MEMBER_ID'), { do: 'mute' }] as Fault[]) {
    test(`a goodbye that fails (${fault.do}) does not keep anybody`, async () => {
      const { member, events } = await joined()
      cluster.failNext('LeaveGroup', fault)
      await member.close(1_000)
      expect(events).toEqual(['assigned a/1', 'revoked'])
      expect(() => member.poll()).toThrow(expect.objectContaining({ code: 'INTERRUPTED' }))
    })
  }

  test('after closing nothing more is sent', async () => {
    const { member } = await joined()
    await member.close()
    const before = cluster.requests.length
    await pause(150)
    expect(cluster.requests.length).toBe(before)
  })

  test('closing the client ends its members at once, without hooks', async () => {
    const { member, events } = await joined()
    await kafka.close()
    expect(events).toEqual(['assigned a/1'])
    expect(() => member.poll()).toThrow(expect.objectContaining({ code: 'INTERRUPTED' }))
  })
})
