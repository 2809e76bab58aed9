import type { RequestInput, ResponseBody } from '@sluice/kafka-protocol'
import type { RawClient } from '../support/raw-client.ts'
import type { GroupScribe } from './group-scribe.ts'

/** Conversations about classic groups and committed offsets. */
export const CLASSIC_SCRIPTS: Readonly<Record<string, (scribe: GroupScribe) => Promise<void>>> = {
  'a group that is not there': async (s) => {
    const c = new Classic(s)
    await c.join('no group id', { groupId: '' })
    await c.join('short session', { sessionTimeoutMs: 10 })
    await c.join('long session', { sessionTimeoutMs: 10_000_000 })
    await c.join('unknown member', { memberId: 'zz' })
    await c.sync('sync', { memberId: 'x' })
    await c.heartbeat('heartbeat', { memberId: 'x' })
    await c.leave('leave', [{ memberId: 'x' }])
    await s.ask('leave v2', 'LeaveGroup', { groupId: s.group, memberId: 'x' }, 2)
    await s.ask('leave without id', 'LeaveGroup', { groupId: '', members: [{ memberId: 'x' }] })
    await c.commit('commit of a member', { generationIdOrMemberEpoch: 5, memberId: 'x' })
    await c.commit('commit of a member v8', { generationIdOrMemberEpoch: 5, memberId: 'x' }, 8)
    await c.commit('commit without group id', { groupId: '' })
    await c.fetch('fetch')
    await c.fetch('fetch all', { topics: null })
    await c.fetch('fetch of a member', { memberId: 'x', memberEpoch: 3 })
    await s.ask('delete offsets', 'OffsetDelete', c.offsets([0]))
    await s.ask('delete', 'DeleteGroups', { groupsNames: [s.group, ''] })
    for (const version of [4, 5, 6])
      await s.ask(`describe v${version}`, 'DescribeGroups', { groups: [s.group, ''] }, version)
  },

  'one member through its life': async (s) => {
    const c = new Classic(s)
    const id = await c.join('asks for an id')
    await c.describe('with an id given out')
    await c.join('joins', { memberId: id })
    await c.describe('joined')
    await c.commit('commits too early', { generationIdOrMemberEpoch: 1, memberId: id })
    await c.heartbeat('heartbeat', { memberId: id })
    await c.join('joins again', { memberId: id })
    await c.sync('another generation', { memberId: id, generationId: 9 })
    await c.sync('another protocol', { memberId: id, protocolName: 'b' })
    await c.sync('another type', { memberId: id, protocolType: 'consumer' })
    await c.sync('no type', { memberId: id, protocolType: null })
    await c.sync('a stranger', { memberId: 'u' })
    await c.sync('an instance id', { memberId: id, groupInstanceId: 'i' })
    await c.sync('syncs', { memberId: id, assignments: [{ memberId: id, assignment: Buffer.from('mine') }] })
    await c.sync('syncs again', { memberId: id })
    await c.describe('stable')
    await c.heartbeat('heartbeat', { memberId: id })
    await c.heartbeat('another generation', { memberId: id, generationId: 7 })
    await c.heartbeat('a stranger', { memberId: 'zz' })
    await c.heartbeat('an instance id', { memberId: id, groupInstanceId: 'i' })
    await c.join('another type', { protocolType: 'consumer' })
    await c.join('nothing in common', { protocols: [protocol('z')] })
    await c.join('unknown member', { memberId: 'zz' })
    await c.join('unknown instance', { memberId: 'zz', groupInstanceId: 'i' })
    await s.ask('delete', 'DeleteGroups', { groupsNames: [s.group] })
    await c.join('the leader joins again', { memberId: id })
    await c.sync('syncs', {
      memberId: id,
      generationId: 2,
      assignments: [{ memberId: id, assignment: Buffer.from('2') }],
    })
    await s.ask('leaves v2', 'LeaveGroup', { groupId: s.group, memberId: id }, 2)
    await c.describe('empty')
    await c.heartbeat('heartbeat', { memberId: id, generationId: 3 })
    await c.sync('sync', { memberId: id, generationId: 3 })
    await c.join('another type', { protocolType: 'stream' })
    await s.ask('delete', 'DeleteGroups', { groupsNames: [s.group] })
    await c.describe('deleted')
  },

  'two members': async (s) => {
    const c = new Classic(s)
    const leader = await c.join('asks for an id')
    await c.join('joins', { memberId: leader })
    await c.sync('syncs', { memberId: leader, assignments: [] })
    const second = await s.client()
    const follower = await c.join('the second asks for an id', {}, 9, second)
    const joins = second.send(
      'JoinGroup',
      c.joining({ memberId: follower, protocols: [protocol('b'), protocol('a')] }),
      9,
    )
    await s.pause(300)
    await c.heartbeat('heartbeat', { memberId: leader })
    await c.sync('sync', { memberId: leader })
    await c.commit('commit', { generationIdOrMemberEpoch: 1, memberId: leader })
    await c.join('the first joins', { memberId: leader, protocols: [protocol('b'), protocol('a')] })
    s.say('the second joined', await joins)
    const named = { generationId: 2, protocolName: 'b' }
    const syncs = second.send('SyncGroup', c.syncing({ ...named, memberId: follower }))
    const assignments = [{ memberId: follower, assignment: Buffer.from('f') }]
    await c.sync('the leader syncs', { ...named, memberId: leader, assignments })
    s.say('the follower synced', await syncs)
    await c.join('the follower joins as it was', {
      memberId: follower,
      protocols: [protocol('b'), protocol('a')],
    })
    await c.leave('both leave, and others', [
      { memberId: follower },
      { memberId: 'zz' },
      { memberId: '', groupInstanceId: 'nope' },
      { memberId: '' },
      { memberId: leader },
    ])
    await c.describe('empty')
  },

  'a static member': async (s) => {
    const c = new Classic(s)
    const as = { groupInstanceId: 'i1' }
    const first = await c.join('joins', as)
    await c.sync('syncs', { ...as, memberId: first, assignments: [{ memberId: first, assignment: Buffer.from('s') }] })
    const next = await c.join('comes back', as)
    await c.sync('syncs', { ...as, memberId: next })
    await c.heartbeat('the old one', { ...as, memberId: first })
    await c.join('the old one joins', { ...as, memberId: first })
    await c.commit('the old one commits', { ...as, memberId: first, generationIdOrMemberEpoch: 1 })
    await c.leave('the old one leaves', [{ ...as, memberId: first }])
    await c.join('comes back, old client', as, 8)
    await c.join('comes back with other metadata', { ...as, protocols: [protocol('a', 'other'), protocol('b')] })
    await c.join('comes back with another protocol', { ...as, protocols: [protocol('b'), protocol('a')] })
    await c.leave('is taken out', [{ ...as, memberId: '' }])
    await c.describe('empty')
  },

  'committed offsets': async (s) => {
    const c = new Classic(s)
    const id = await c.join('asks for an id')
    await c.join('joins', { memberId: id })
    await c.sync('syncs', { memberId: id })
    const as = { generationIdOrMemberEpoch: 1, memberId: id }
    await c.commit('commit', as, 9, [0, 1, 99])
    await c.commit('by topic id', as, 10)
    await c.commit('another generation', { ...as, generationIdOrMemberEpoch: 7 })
    await c.commit('of nobody')
    await c.commit('without a generation', { memberId: id })
    const one = (partitionIndex: number, committedMetadata: string | null): object => ({
      partitionIndex,
      committedOffset: 1,
      committedMetadata,
    })
    const unknown = [{ name: 'nope', topicId: 'kAAAAAAAAAAAAAAAAAAAAA', partitions: [one(0, null)] }] as never
    await c.commit('unknown topic', { ...as, topics: unknown })
    await c.commit('unknown topic id', { ...as, topics: unknown }, 10)
    const metadata = [{ name: s.topic, partitions: [one(1, 'x'.repeat(4097)), one(2, 'x'.repeat(4096)), one(3, null)] }]
    await c.commit('long metadata', { ...as, topics: metadata as never })
    await c.fetch('fetch')
    await c.fetch('fetch by id', {}, 10)
    const unknownId = [{ topicId: 'kAAAAAAAAAAAAAAAAAAAAA', partitionIndexes: [0] }]
    await c.fetch('fetch unknown id', { topics: unknownId }, 10)
    await c.fetch('fetch all by id', { topics: null }, 10)
    await c.fetch('fetch of a member', { memberId: 'x', memberEpoch: 3 })
    await s.ask('fetch v5', 'OffsetFetch', { groupId: s.group, topics: null }, 5)
    const topics = [{ name: s.topic, partitionIndexes: [0, 5] }]
    await s.ask(
      'fetch v1',
      'OffsetFetch',
      { groupId: s.group, topics: [...topics, { name: 'nope', partitionIndexes: [0] }] },
      1,
    )
    await s.ask('delete while there are members', 'OffsetDelete', c.offsets([0]))
    await c.leave('leave', [{ memberId: id }])
    await c.commit('of nobody to an empty group', {}, 9, [4])
    await c.commit('of who was a member', as)
    const nope = { name: 'nope', partitions: [{ partitionIndex: 0 }] }
    const toDelete = c.offsets([0, 5, 77])
    await s.ask('delete', 'OffsetDelete', { ...toDelete, topics: [...toDelete.topics, nope] })
    await c.fetch('fetch', { topics: [{ name: s.topic, partitionIndexes: [0, 1, 4] }] })
  },

  'a group that only holds offsets': async (s) => {
    const c = new Classic(s)
    await c.commit('commit')
    await c.describe('described')
    for (const filter of [{}, { statesFilter: ['EMPTY'] }, { typesFilter: ['Classic'] }, { statesFilter: ['Dead'] }]) {
      const answer = await s.list({ statesFilter: [], typesFilter: [], ...filter })
      s.say(`listed by ${JSON.stringify(filter)}`, answer)
    }
    await s.ask('delete twice', 'DeleteGroups', { groupsNames: [s.group, s.group] })
    await c.fetch('fetch')
  },

  'a consumer group of the classic protocol, by its topics': async (s) => {
    const c = new Classic(s)
    const topic = Buffer.from(s.topic)
    const length = Buffer.alloc(2)
    length.writeInt16BE(topic.length)
    const metadata = Buffer.concat([Buffer.from('000000000001', 'hex'), length, topic, Buffer.from('ffffffff', 'hex')])
    const joining = { protocolType: 'consumer', protocols: [{ name: 'a', metadata }] }
    const id = (await s.clientOf().send('JoinGroup', c.joining(joining))).memberId
    await s.clientOf().send('JoinGroup', c.joining({ ...joining, memberId: id }))
    await c.sync('syncs', { memberId: id, protocolType: 'consumer' })
    await c.commit('commit', { generationIdOrMemberEpoch: 1, memberId: id })
    await s.ask('delete offsets of a topic it reads', 'OffsetDelete', c.offsets([0]))
  },
}

function protocol(name: string, metadata = `m-${name}`): { name: string; metadata: Uint8Array } {
  return { name, metadata: Buffer.from(metadata) }
}

class Classic {
  readonly #s: GroupScribe

  constructor(scribe: GroupScribe) {
    this.#s = scribe
  }

  joining(change: Partial<RequestInput<'JoinGroup'>>): RequestInput<'JoinGroup'> {
    return {
      groupId: this.#s.group,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'connect',
      protocols: [protocol('a'), protocol('b')],
      ...change,
    }
  }

  /** The member id of the answer. */
  async join(
    label: string,
    change: Partial<RequestInput<'JoinGroup'>> = {},
    version = 9,
    client?: RawClient,
  ): Promise<string> {
    return (await this.#s.ask(label, 'JoinGroup', this.joining(change), version, client)).memberId
  }

  syncing(change: Partial<RequestInput<'SyncGroup'>>): RequestInput<'SyncGroup'> {
    const group = { groupId: this.#s.group, generationId: 1, memberId: '' }
    return { ...group, protocolType: 'connect', protocolName: 'a', assignments: [], ...change }
  }

  sync(label: string, change: Partial<RequestInput<'SyncGroup'>>): Promise<ResponseBody<'SyncGroup'>> {
    return this.#s.ask(label, 'SyncGroup', this.syncing(change))
  }

  heartbeat(label: string, change: Partial<RequestInput<'Heartbeat'>>): Promise<ResponseBody<'Heartbeat'>> {
    return this.#s.ask(label, 'Heartbeat', { groupId: this.#s.group, generationId: 1, memberId: '', ...change })
  }

  leave(
    label: string,
    members: readonly { memberId: string; groupInstanceId?: string }[],
  ): Promise<ResponseBody<'LeaveGroup'>> {
    const all = members.map(({ memberId, groupInstanceId = null }) => ({ memberId, groupInstanceId }))
    return this.#s.ask(label, 'LeaveGroup', { groupId: this.#s.group, members: all })
  }

  describe(label: string): Promise<ResponseBody<'DescribeGroups'>> {
    return this.#s.ask(label, 'DescribeGroups', { groups: [this.#s.group] })
  }

  offsets(partitions: readonly number[]): RequestInput<'OffsetDelete'> {
    const topics = [{ name: this.#s.topic, partitions: partitions.map((partitionIndex) => ({ partitionIndex })) }]
    return { groupId: this.#s.group, topics }
  }

  commit(
    label: string,
    change: Partial<RequestInput<'OffsetCommit'>> = {},
    version = 9,
    partitions: readonly number[] = [0],
  ): Promise<ResponseBody<'OffsetCommit'>> {
    const committed = partitions.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 5 + partitionIndex,
      committedLeaderEpoch: 3,
      committedMetadata: 'm',
    }))
    const topics = [{ name: this.#s.topic, topicId: this.#s.topicId, partitions: committed }]
    const body = { groupId: this.#s.group, generationIdOrMemberEpoch: -1, memberId: '', topics, ...change }
    return this.#s.ask(label, 'OffsetCommit', body, version)
  }

  fetch(
    label: string,
    change: Partial<NonNullable<RequestInput<'OffsetFetch'>['groups']>[number]> = {},
    version = 9,
  ): Promise<ResponseBody<'OffsetFetch'>> {
    const topics = [{ name: this.#s.topic, topicId: this.#s.topicId, partitionIndexes: [0, 1, 99] }]
    const group = { groupId: this.#s.group, topics, ...change }
    return this.#s.ask(label, 'OffsetFetch', { groups: [group], requireStable: false }, version)
  }
}
