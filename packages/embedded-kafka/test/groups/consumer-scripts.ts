import type { RequestInput, ResponseBody } from '@sluice/kafka-protocol'
import type { GroupScribe } from './group-scribe.ts'

type Beat = RequestInput<'ConsumerGroupHeartbeat'>

/** Longer than Apache Kafka waits between two assignments of a group. */
const ASSIGNMENT_INTERVAL_MS = 1_100

/** Conversations about groups of KIP-848. */
export const CONSUMER_SCRIPTS: Readonly<Record<string, (scribe: GroupScribe) => Promise<void>>> = {
  'heartbeats that are refused': async (s) => {
    const c = new Consumer(s)
    await c.join('no group id', { groupId: '' })
    await c.join('empty instance id', { instanceId: '' })
    await c.join('empty rack', { rackId: '' })
    await c.join('no member id', { memberId: '' })
    await c.beat('no member id v0', { memberId: '', memberEpoch: 1 }, 0)
    await c.join('no rebalance time-out', { rebalanceTimeoutMs: -1 })
    await c.join('no partitions', { topicPartitions: null })
    await c.join('partitions', { topicPartitions: [{ topicId: s.topicId, partitions: [0] }] })
    await c.join('no subscription', { subscribedTopicNames: null })
    await c.beat('leaves for now without an instance id', { memberEpoch: -2 })
    await c.beat('an epoch that cannot be', { memberEpoch: -3 })
    await c.join('unknown assignor', { serverAssignor: 'foo' })
    await c.join('a bad expression', { subscribedTopicNames: null, subscribedTopicRegex: '[' })
    await c.beat('unknown group', { memberEpoch: 5 })
    await c.beat('leaves an unknown group', { memberEpoch: -1 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: ['nope', ''] })
  },

  'one member of a consumer group': async (s) => {
    const c = new Consumer(s)
    await c.join('joins')
    await c.join('joins again')
    await c.beat('heartbeat', { memberEpoch: 2 })
    await c.beat('too old', { memberEpoch: 1 })
    await c.beat('too new', { memberEpoch: 9 })
    await c.beat('unknown member', { memberId: 'zz', memberEpoch: 2 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
    await s.ask('describe as classic', 'DescribeGroups', { groups: [s.group] })
    await s.ask('describe as classic v5', 'DescribeGroups', { groups: [s.group] }, 5)
    s.say('listed', await s.list({ statesFilter: ['stable'], typesFilter: ['CONSUMER'] }))
    await c.commit('commit', 2)
    await c.commit('commit too old', 1)
    await c.commit('commit too new', 3)
    await c.commit('commit of a stranger', 2, { memberId: 'zz' })
    await c.commit('commit of nobody', -1, { memberId: '' })
    await c.commit('commit v8', 2, {}, 8)
    await c.fetch('fetch', 2)
    await c.fetch('fetch too old', 0)
    await c.fetch('fetch of a stranger', 0, 'zz')
    await s.ask('delete offsets', 'OffsetDelete', {
      groupId: s.group,
      topics: [{ name: s.topic, partitions: [{ partitionIndex: 0 }] }],
    })
    await s.ask('delete', 'DeleteGroups', { groupsNames: [s.group] })
    await s.ask('classic heartbeat', 'Heartbeat', { groupId: s.group, generationId: 1, memberId: 'zz' })
    await s.ask('classic join', 'JoinGroup', {
      groupId: s.group,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'connect',
      protocols: [{ name: 'a', metadata: Buffer.from('m') }],
    })
    await c.beat('leaves', { memberEpoch: -1 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
    await s.ask('delete', 'DeleteGroups', { groupsNames: [s.group] })
  },

  'two members of a consumer group': async (s) => {
    const c = new Consumer(s)
    await c.join('joins')
    await s.settle(ASSIGNMENT_INTERVAL_MS)
    await c.join('the second joins', { memberId: 'm2' })
    await c.beat('the first hears of it', { memberEpoch: 2 })
    await c.beat('the second waits', { memberId: 'm2', memberEpoch: 3 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
    await c.beat('the first still has them', { memberEpoch: 2, topicPartitions: c.partitions(0, 1, 2, 3) })
    await c.beat('the first has let go', { memberEpoch: 2, topicPartitions: c.partitions(0, 1, 2) })
    await c.beat('its answer was lost', { memberEpoch: 2, topicPartitions: c.partitions(0, 1, 2) })
    await c.beat('the second gets them', { memberId: 'm2', memberEpoch: 3 })
    await c.commit('commit of a partition from before, with the epoch from before', 2)
    await s.settle(ASSIGNMENT_INTERVAL_MS)
    await c.beat('the second leaves', { memberId: 'm2', memberEpoch: -1 })
    await c.beat('the first gets them back', { memberEpoch: 3 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
  },

  'a static member of a consumer group': async (s) => {
    const c = new Consumer(s)
    const as = { instanceId: 'i1' }
    await c.join('joins', as)
    await c.join('another with its instance id', { ...as, memberId: 'm2' })
    await c.beat('leaves for now', { ...as, memberEpoch: -2 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
    await c.join('comes back', { ...as, memberId: 'm2' })
    await c.beat('the old one', { ...as, memberEpoch: 2 })
    await c.beat('an unknown instance id', { instanceId: 'i9', memberEpoch: 2 })
    await c.beat('the old one leaves', { ...as, memberEpoch: -1 })
    await c.beat('leaves', { ...as, memberId: 'm2', memberEpoch: -1 })
    await s.ask('describe', 'ConsumerGroupDescribe', { groupIds: [s.group] })
  },
}

class Consumer {
  readonly #s: GroupScribe

  constructor(scribe: GroupScribe) {
    this.#s = scribe
  }

  partitions(...partitions: readonly number[]): Beat['topicPartitions'] {
    return [{ topicId: this.#s.topicId, partitions }]
  }

  join(label: string, change: Partial<Beat> = {}): Promise<ResponseBody<'ConsumerGroupHeartbeat'>> {
    const full = { rebalanceTimeoutMs: 60_000, subscribedTopicNames: [this.#s.topic], topicPartitions: [] }
    return this.beat(label, { memberEpoch: 0, ...full, ...change })
  }

  beat(label: string, change: Partial<Beat>, version = 1): Promise<ResponseBody<'ConsumerGroupHeartbeat'>> {
    const body = { groupId: this.#s.group, memberId: 'm1', memberEpoch: 0, ...change }
    return this.#s.ask(label, 'ConsumerGroupHeartbeat', body, version)
  }

  async commit(
    label: string,
    epoch: number,
    change: Partial<RequestInput<'OffsetCommit'>> = {},
    version = 9,
  ): Promise<void> {
    const partitions = [{ partitionIndex: 0, committedOffset: 5, committedMetadata: 'm' }]
    const topics = [{ name: this.#s.topic, partitions }]
    const body = { groupId: this.#s.group, generationIdOrMemberEpoch: epoch, memberId: 'm1', topics, ...change }
    await this.#s.ask(label, 'OffsetCommit', body, version)
  }

  async fetch(label: string, memberEpoch: number, memberId = 'm1'): Promise<void> {
    const topics = [{ name: this.#s.topic, partitionIndexes: [0, 1] }]
    const groups = [{ groupId: this.#s.group, memberId, memberEpoch, topics }]
    await this.#s.ask(label, 'OffsetFetch', { groups, requireStable: false }, 9)
  }
}
