import type { TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import { groupByTopic } from '../by-topic.ts'
import { KAFKA_ERROR, isRetriableCode, refused } from '../kafka-errors.ts'
import { type AdminRequests, type Answer, type Answers, answered, valuesOf } from './admin-requests.ts'
import type {
  GroupDescription,
  GroupListing,
  GroupOffset,
  GroupsAdmin,
  OffsetResetTarget,
  Outcome,
  RemovedMember,
} from './admin-port.ts'
import { describeGroups } from './group-descriptions.ts'
import { groupOffsetsOf } from './group-offset-listing.ts'
import { resetTargets } from './offset-targets.ts'

export class Groups implements GroupsAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  async list({
    states = [],
    types = [],
  }: { readonly states?: readonly string[]; readonly types?: readonly string[] } = {}): Promise<
    readonly GroupListing[]
  > {
    const lowest = types.length > 0 ? 5 : states.length > 0 ? 4 : 0
    const listed = await this.#requests.ofBrokers('list groups', async (connection) => {
      const version = connection.version('ListGroups', { lowest })
      const filters = { statesFilter: [...states], typesFilter: [...types] }
      const { errorCode, groups } = await connection.send('ListGroups', version, filters)
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, `${connection.name} cannot list groups`)
      return groups.map(({ groupId, protocolType, groupState: state, groupType: type }) => ({
        groupId,
        protocolType,
        state,
        type,
      }))
    })
    return valuesOf(listed)
      .flat()
      .toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))
  }

  describe(
    groupIds: readonly string[],
    { authorizedOperations = false }: { readonly authorizedOperations?: boolean } = {},
  ): Promise<readonly Outcome<string, GroupDescription>[]> {
    return this.#requests.ofCoordinators('describe groups', 'group', groupIds, (connection, ids) =>
      describeGroups(connection, ids, authorizedOperations),
    )
  }

  delete(groupIds: readonly string[]): Promise<readonly Outcome<string>[]> {
    return this.#requests.ofCoordinators<undefined>('delete groups', 'group', groupIds, async (connection, ids) => {
      const version = connection.version('DeleteGroups')
      const { results } = await connection.send('DeleteGroups', version, { groupsNames: [...ids] })
      return new Map(
        results.map(({ groupId, errorCode }) => {
          const what = `Cannot delete group ${groupId}`
          return [groupId, answered(errorCode, undefined, what, { group: groupId })]
        }),
      )
    })
  }

  offsets(groupIds: readonly string[]): Promise<readonly Outcome<string, readonly GroupOffset[]>[]> {
    return this.#requests.ofCoordinators('list group offsets', 'group', groupIds, groupOffsetsOf)
  }

  alterOffsets<P extends TopicPartitionOffset & { readonly metadata?: string; readonly leaderEpoch?: number }>(
    groupId: string,
    offsets: readonly P[],
  ): Promise<readonly Outcome<P>[]> {
    return this.#ofGroup(groupId, 'alter offsets', offsets, async (connection, left) => {
      const { topics } = await connection.send('OffsetCommit', connection.version('OffsetCommit', { highest: 9 }), {
        groupId,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: groupByTopic(left).map(([name, group]) => ({
          name,
          partitions: group.map(({ partition, offset, metadata = '', leaderEpoch = -1 }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch,
            committedMetadata: metadata,
          })),
        })),
      })
      return perPartition(groupId, 'Cannot alter an offset', left, topics)
    })
  }

  async resetOffsets<P extends TopicPartition>(
    groupId: string,
    partitions: readonly P[],
    to: OffsetResetTarget,
  ): Promise<readonly Outcome<P, number>[]> {
    const targets = await resetTargets(this.#requests, partitions, to)
    const found = targets.flatMap(({ item, value, error }) => (error === null ? [{ item, value }] : []))
    const commits = found.map(({ item: { topic, partition }, value }) => ({ topic, partition, offset: value }))
    const altered = commits.length === 0 ? [] : await this.alterOffsets(groupId, commits)
    const errors = new Map(found.map(({ item }, i) => [item, altered[i]!.error]))
    return targets.map((target) => {
      const error = errors.get(target.item) ?? null
      return target.error !== null || error === null ? target : { item: target.item, value: null, error }
    })
  }

  deleteOffsets<P extends TopicPartition>(groupId: string, partitions: readonly P[]): Promise<readonly Outcome<P>[]> {
    return this.#ofGroup(groupId, 'delete offsets', partitions, async (connection, left) => {
      const { errorCode, topics } = await connection.send('OffsetDelete', connection.version('OffsetDelete'), {
        groupId,
        topics: groupByTopic(left).map(([name, group]) => ({
          name,
          partitions: group.map(({ partition }) => ({ partitionIndex: partition })),
        })),
      })
      const what = `Cannot delete offsets of group ${groupId}`
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, what, { group: groupId })
      return perPartition(groupId, 'Cannot delete an offset', left, topics)
    })
  }

  async removeMembers(
    groupId: string,
    members: 'all' | readonly RemovedMember[],
    reason = 'removed by an administrator',
  ): Promise<readonly Outcome<RemovedMember>[]> {
    const removed = members === 'all' ? await this.#allMembers(groupId) : members
    if (removed.length === 0) return []
    return this.#ofGroup(groupId, 'remove members', removed, async (connection, left) => {
      const version = connection.version('LeaveGroup', { lowest: 3 })
      const answer = await connection.send('LeaveGroup', version, {
        groupId,
        members: left.map((member) => ({ ...idsOf(member), reason })),
      })
      const what = `Cannot remove a member of group ${groupId}`
      if (answer.errorCode !== KAFKA_ERROR.NONE) throw refused(answer.errorCode, what, { group: groupId })
      return new Map(
        answer.members.flatMap(({ memberId, groupInstanceId, errorCode }, i): [RemovedMember, Answer<undefined>][] => {
          const place = { group: groupId, member: groupInstanceId ?? memberId }
          return i < left.length ? [[left[i]!, answered(errorCode, undefined, what, place)]] : []
        }),
      )
    })
  }

  async #allMembers(groupId: string): Promise<readonly RemovedMember[]> {
    const [group] = valuesOf(await this.describe([groupId]))
    return group!.members.map(({ memberId, groupInstanceId }) =>
      groupInstanceId === null ? { memberId } : { groupInstanceId },
    )
  }

  /** Items of one group, asked of its coordinator. */
  #ofGroup<K, V>(
    groupId: string,
    what: string,
    items: readonly K[],
    ask: (connection: Awaited<ReturnType<AdminRequests['any']>>, left: readonly K[]) => Promise<Answers<K, V>>,
  ): Promise<Outcome<K, V>[]> {
    return this.#requests.outcomes(`${what} of group ${groupId}`, items, async (left) =>
      this.#requests.atCoordinator('group', groupId, (connection) => ask(connection, left)),
    )
  }
}

function idsOf(member: RemovedMember): { readonly memberId: string; readonly groupInstanceId: string | null } {
  return 'memberId' in member
    ? { memberId: member.memberId, groupInstanceId: null }
    : { memberId: '', groupInstanceId: member.groupInstanceId }
}

function perPartition<P extends TopicPartition>(
  groupId: string,
  what: string,
  items: readonly P[],
  topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
  }[],
): Answers<P, undefined> {
  const codes = new Map<string, number>()
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode } of partitions) codes.set(`${name} ${partitionIndex}`, errorCode)
  }
  const answers = new Map<P, Answer<undefined>>()
  for (const item of items) {
    const { topic, partition } = item
    const code = codes.get(`${topic} ${partition}`) ?? KAFKA_ERROR.UNKNOWN_SERVER_ERROR
    // What says that the coordinator has moved concerns all of them: it is asked for again.
    if (isRetriableCode(code) && code !== KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) {
      throw refused(code, `${what} of group ${groupId}`, { group: groupId, topic, partition })
    }
    answers.set(item, answered(code, undefined, `${what} of group ${groupId}`, { group: groupId, topic, partition }))
  }
  return answers
}
