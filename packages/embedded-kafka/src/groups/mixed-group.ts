import { consumerAssignment, consumerSubscription } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import { toAssignment, toTopicPartitions } from './assignment.ts'
import {
  type JoinRequest,
  type JoinResult,
  type LeavingMember,
  type MemberProtocol,
  NOTHING,
  type SyncRequest,
  type SyncResult,
  refusedJoin,
} from './classic-requests.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { JOIN } from './consumer-heartbeat.ts'
import { type ConsumerMember, newMemberId } from './consumer-member.ts'
import type { GroupContext, TopicsView } from './group.ts'

const PROTOCOL_TYPE = 'consumer'

/**
 * Members of the classic protocol in a consumer group (KIP-848's migration without a stop): joining is a step towards the target, the
 * generation is the member's epoch, the assignment is the coordinator's, and a rebalance is a step that the member has still to take.
 */
export class MixedGroup {
  readonly #group: ConsumerGroup
  readonly #context: GroupContext

  constructor(group: ConsumerGroup, context: GroupContext) {
    this.#group = group
    this.#context = context
  }

  join(request: JoinRequest, respond: (result: JoinResult) => void): void {
    const { memberId, instanceId, protocols } = request
    if (request.protocolType !== PROTOCOL_TYPE) throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
    const given = memberId === '' ? newMemberId() : memberId
    if (memberId === '' && instanceId === null && request.isIdRequired) {
      return respond(refusedJoin(given, 'MEMBER_ID_REQUIRED'))
    }
    const subscription = subscriptionIn(protocols)
    if (memberId !== '' && instanceId !== null) this.#group.members.claim(memberId, instanceId)
    const { member } = this.#group.step({
      memberId: given,
      epoch: JOIN,
      instanceId,
      rackId: subscription.rackId,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      topicNames: subscription.topics.toSorted(),
      topicRegex: '',
      serverAssignor: null,
      owned: toAssignment(byTopicId(this.#context.topics, subscription.ownedPartitions)),
      clientId: request.clientId,
      clientHost: request.clientHost,
      classic: { sessionTimeoutMs: request.sessionTimeoutMs, protocols },
    })
    // It has a rebalance time-out to sync.
    member.revocation.renew(request.rebalanceTimeoutMs)
    respond({
      error: 'NONE',
      memberId: given,
      generation: member.current.epoch,
      protocolType: PROTOCOL_TYPE,
      protocolName: protocols[0]!.name,
      leader: '',
      isAssignmentSkipped: false,
      members: [],
    })
  }

  sync(request: SyncRequest, respond: (result: SyncResult) => void): void {
    const { member, protocol } = this.#claim(request.memberId, request.instanceId, request.generation)
    const isOtherType = request.protocolType !== null && request.protocolType !== PROTOCOL_TYPE
    const isOtherProtocol = request.protocolName !== null && request.protocolName !== protocol.name
    if (isOtherType || isOtherProtocol) throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
    const { epoch, state } = member.current
    // One that has still to let go of partitions joins once more when it has.
    if (this.#group.epoch > epoch && state !== 'unrevoked') throw new ApiError('REBALANCE_IN_PROGRESS')
    member.revocation.cancel()
    this.#group.renew(member)
    const assignment = assignmentOf(member, protocol, this.#context.topics)
    respond({ error: 'NONE', protocolType: PROTOCOL_TYPE, protocolName: protocol.name, assignment })
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number): void {
    const { member } = this.#claim(memberId, instanceId, generation)
    this.#group.renew(member)
    if (!this.#hasToJoin(member)) return
    if (!member.revocation.isRunning) member.revocation.renew(member.subscription.rebalanceTimeoutMs)
    throw new ApiError('REBALANCE_IN_PROGRESS')
  }

  /** As of a classic group, and of members of both protocols. */
  leave(leaving: readonly LeavingMember[]): (ApiError | undefined)[] {
    const gone = new Set<ConsumerMember>()
    const outcome = leaving.map(({ memberId, instanceId }) => {
      try {
        const byInstance = memberId === '' && instanceId !== null ? this.#group.members.static(instanceId) : undefined
        gone.add(byInstance ?? this.#group.members.claim(memberId, instanceId))
        return undefined
      } catch (error) {
        if (error instanceof ApiError) return error
        throw error
      }
    })
    if (gone.size > 0) this.#group.remove([...gone])
    return outcome
  }

  /** Whether the member must join again to come nearer to its target. */
  #hasToJoin(member: ConsumerMember): boolean {
    const { epoch, state } = member.current
    if (epoch < this.#group.epoch || state === 'unrevoked') return true
    if (state !== 'unreleased') return false
    for (const [topicId, partitions] of member.target) {
      for (const partition of partitions) if (!this.#group.members.isFree(member, topicId, partition)) return false
    }
    return true
  }

  #claim(
    memberId: string,
    instanceId: string | null,
    generation: number,
  ): { readonly member: ConsumerMember; readonly protocol: MemberProtocol } {
    const member = this.#group.members.claim(memberId, instanceId)
    const protocol = member.subscription.classic?.protocols[0]
    if (protocol === undefined) throw new ApiError('UNKNOWN_MEMBER_ID')
    if (generation !== member.current.epoch) throw new ApiError('ILLEGAL_GENERATION')
    return { member, protocol }
  }
}

/** The subscription of a member of the classic protocol. Throws INCONSISTENT_GROUP_PROTOCOL when there is none that can be read. */
export function subscriptionIn(
  protocols: readonly MemberProtocol[],
): ReturnType<typeof consumerSubscription.decode>['body'] {
  const [first] = protocols
  try {
    if (first !== undefined) return consumerSubscription.decode(first.metadata).body
  } catch {
    // Bytes of some other kind of group.
  }
  throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
}

/** What a member holds, as the classic protocol tells it, in the version of the member's metadata. */
export function assignmentOf(
  { current }: ConsumerMember,
  { metadata }: MemberProtocol,
  topics: TopicsView,
): Uint8Array {
  const assignedPartitions = toTopicPartitions(current.assigned).flatMap(({ topicId, partitions }) => {
    const topic = topics.byId(topicId)?.name
    return topic === undefined ? [] : [{ topic, partitions }]
  })
  if (metadata.length < 2) return NOTHING
  const version = new DataView(metadata.buffer, metadata.byteOffset, metadata.length).getInt16(0)
  return consumerAssignment.encode(Math.min(3, version), { assignedPartitions })
}

/** Partitions by the ids of their topics; topics that are gone are left out. */
export function byTopicId(
  topics: TopicsView,
  list: readonly { readonly topic: string; readonly partitions: number[] }[],
): { topicId: string; partitions: number[] }[] {
  return list.flatMap(({ topic, partitions }) => {
    const topicId = topics.get(topic)?.id
    return topicId === undefined ? [] : [{ topicId, partitions }]
  })
}
