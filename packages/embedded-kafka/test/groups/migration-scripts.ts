import { consumerAssignment, consumerSubscription, type RequestInput } from '@sluice/kafka-protocol'
import type { GroupScribe } from './group-scribe.ts'

type Beat = RequestInput<'ConsumerGroupHeartbeat'>

/** Longer than Apache Kafka waits between two assignments of a group. */
const ASSIGNMENT_INTERVAL_MS = 1_100

/** Conversations about groups that move from one protocol to the other while they have members. */
export const MIGRATION_SCRIPTS: Readonly<Record<string, (scribe: GroupScribe) => Promise<void>>> = {
  'a classic group goes over to the consumer protocol, and back': async (s) => {
    const c = new Members(s)
    const id = await c.join('asks for an id', '')
    await c.join('joins', id)
    await c.sync('syncs', id, 1, [0, 1, 2, 3, 4, 5])
    await c.beat('a consumer joins', { memberEpoch: 0 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
    s.say('listed', await s.list({ statesFilter: [], typesFilter: [] }))
    await c.heartbeat('the classic member is to join', id, 1)
    await c.heartbeat('another generation', id, 7)
    await c.sync('it syncs too early', id, 1)
    await c.commit('it commits', id, 1)
    await c.commit('it commits with another generation', id, 7)
    await c.join('it joins, and still has everything', id, [0, 1, 2, 3, 4, 5])
    await c.sync('it syncs', id, 1)
    await c.heartbeat('it is to join again', id, 1)
    await c.beat('the consumer waits', { memberEpoch: 2 })
    await c.join('it joins, and has let go', id, [0, 1, 2])
    await c.sync('it syncs', id, 2)
    await c.heartbeat('heartbeat', id, 2)
    await c.beat('the consumer gets the others', { memberEpoch: 2 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
    await s.ask('another type', 'JoinGroup', { ...c.joining('', []), protocolType: 'connect' })
    await s.ask('bytes of another kind', 'JoinGroup', {
      ...c.joining('', []),
      protocols: [{ name: 'range', metadata: Buffer.from([0]) }],
    })
    await s.settle(ASSIGNMENT_INTERVAL_MS)
    await c.beat('the consumer leaves', { memberEpoch: -1 })
    s.say('listed', await s.list({ statesFilter: [], typesFilter: [] }))
    await c.heartbeat('the classic member is to join', id, 3)
    await c.join('it joins', id, [0, 1, 2])
    await c.sync('it syncs', id, 4, [0, 1, 2, 3, 4, 5])
    await c.heartbeat('heartbeat', id, 4)
  },

  'a classic member joins a consumer group, and leaves': async (s) => {
    const c = new Members(s)
    await c.beat('a consumer joins', { memberEpoch: 0 })
    await s.settle(ASSIGNMENT_INTERVAL_MS)
    const id = await c.join('asks for an id', '')
    await c.join('joins', id)
    await c.sync('syncs with nothing', id, 3)
    await c.beat('the consumer hears', { memberEpoch: 2 })
    await c.beat('the consumer has let go', {
      memberEpoch: 2,
      topicPartitions: [{ topicId: s.topicId, partitions: [0, 1, 2] }],
    })
    await c.heartbeat('it is to join', id, 3)
    await c.join('joins', id)
    await c.sync('syncs', id, 3)
    await s.ask('an unknown member leaves', 'LeaveGroup', { groupId: s.group, members: [{ memberId: 'zz' }] })
    await s.ask('the consumer is no classic member', 'LeaveGroup', { groupId: s.group, members: [{ memberId: 'm1' }] })
    await s.ask('leaves', 'LeaveGroup', { groupId: s.group, members: [{ memberId: id }] })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
  },

  'a static classic member in a consumer group': async (s) => {
    const c = new Members(s)
    await c.beat('a consumer joins', { memberEpoch: 0 })
    await s.settle(ASSIGNMENT_INTERVAL_MS)
    const as = { groupInstanceId: 'i1' }
    const first = await s.ask('joins', 'JoinGroup', { ...c.joining('', []), ...as })
    const next = await s.ask('comes back', 'JoinGroup', { ...c.joining('', []), ...as })
    const beat = { groupId: s.group, generationId: next.generationId, ...as }
    await s.ask('the old one', 'Heartbeat', { ...beat, memberId: first.memberId })
    await s.ask('an unknown instance', 'Heartbeat', { ...beat, groupInstanceId: 'i2', memberId: next.memberId })
    await s.ask('is put out', 'LeaveGroup', { groupId: s.group, members: [{ memberId: '', ...as }] })
  },
}

class Members {
  readonly #s: GroupScribe

  constructor(scribe: GroupScribe) {
    this.#s = scribe
  }

  joining(memberId: string, owned: readonly number[]): RequestInput<'JoinGroup'> {
    const ownedPartitions = owned.length === 0 ? [] : [{ topic: this.#s.topic, partitions: owned }]
    const metadata = consumerSubscription.encode(1, { topics: [this.#s.topic], ownedPartitions })
    return {
      groupId: this.#s.group,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata }],
    }
  }

  async join(label: string, memberId: string, owned: readonly number[] = []): Promise<string> {
    const answer = await this.#s.clientOf().send('JoinGroup', this.joining(memberId, owned), 9)
    // A leader sees metadata, which has the length of the topic's name.
    this.#s.say(label, { ...answer, members: answer.members.map(({ memberId: id }) => ({ memberId: id })) })
    return answer.memberId
  }

  async sync(label: string, memberId: string, generationId: number, partitions: readonly number[] = []): Promise<void> {
    const assignment = consumerAssignment.encode(1, { assignedPartitions: [{ topic: this.#s.topic, partitions }] })
    const assignments = partitions.length === 0 ? [] : [{ memberId, assignment }]
    const body = { groupId: this.#s.group, generationId, memberId, protocolType: 'consumer', protocolName: 'range' }
    const answer = await this.#s.clientOf().send('SyncGroup', { ...body, assignments }, 5)
    const decoded = answer.assignment.length === 0 ? null : consumerAssignment.decode(answer.assignment)
    this.#s.say(label, { ...answer, assignment: decoded })
  }

  async heartbeat(label: string, memberId: string, generationId: number): Promise<void> {
    await this.#s.ask(label, 'Heartbeat', { groupId: this.#s.group, generationId, memberId })
  }

  async commit(label: string, memberId: string, generationIdOrMemberEpoch: number): Promise<void> {
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }]
    const topics = [{ name: this.#s.topic, partitions }]
    await this.#s.ask(label, 'OffsetCommit', { groupId: this.#s.group, generationIdOrMemberEpoch, memberId, topics }, 7)
  }

  async beat(label: string, change: Partial<Beat>): Promise<void> {
    const full = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: [this.#s.topic], topicPartitions: [] }
    const body = {
      groupId: this.#s.group,
      memberId: 'm1',
      memberEpoch: 0,
      ...(change.memberEpoch === 0 && full),
      ...change,
    }
    await this.#s.ask(label, 'ConsumerGroupHeartbeat', body, 1)
  }
}
