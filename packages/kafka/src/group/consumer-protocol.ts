import { consumerAssignment, consumerSubscription } from '@sluice/kafka-protocol'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import { byTopic } from '../by-topic.ts'
import { byText } from './assignors/member-order.ts'
import type { GroupIdentity } from '../port.ts'
import type {
  GroupProtocol,
  MemberBytes,
  MemberMetadata,
  OwnSubscription,
  PartitionAssignor,
  Subscription,
} from './group-port.ts'

/** Of Java's ConsumerProtocol: with held partitions (1), their generation (2) and the rack (3). Older members read what they know. */
const VERSION = 3

/** What a protocol of the consumer kind asks of the member it speaks for. */
export interface Subscriber {
  readonly rackId: string | null
  subscription(identity: GroupIdentity): OwnSubscription
  /** Of those of the topics that exist; asked for anew. */
  countPartitions(topics: readonly string[]): Promise<ReadonlyMap<string, number>>
}

/** An assignor as a protocol of a group. A member is cooperative only if all its assignors are. */
export function assignorProtocol(
  assignor: PartitionAssignor,
  isCooperative: boolean,
  subscriber: Subscriber,
): GroupProtocol {
  return {
    name: assignor.name,
    isCooperative,
    metadata(identity) {
      const own = subscriber.subscription(identity)
      return consumerSubscription.encode(VERSION, {
        topics: own.topics.toSorted(),
        userData: assignor.userData?.(own) ?? null,
        ownedPartitions: nested(own.ownedPartitions),
        generationId: own.generationId,
        rackId: subscriber.rackId,
      })
    },
    async assign(members, { groupId }): Promise<MemberBytes> {
      const subscriptions = members.map((member) => decodeSubscription(groupId, member))
      const counts = await subscriber.countPartitions(topicsOf(subscriptions))
      const assignments = await assignor.assign(subscriptions, counts)
      return new Map(
        Array.from(assignments, ([memberId, { partitions, userData = null }]) => [
          memberId,
          consumerAssignment.encode(VERSION, { assignedPartitions: nested(partitions), userData }),
        ]),
      )
    },
  }
}

/** @throws SluiceError KAFKA_PROTOCOL when a member's bytes are not a subscription */
export function decodeSubscription(groupId: string, { memberId, instanceId, metadata }: MemberMetadata): Subscription {
  try {
    const { body } = consumerSubscription.decode(metadata)
    const { topics, userData, ownedPartitions, generationId, rackId } = body
    return { memberId, instanceId, topics, userData, ownedPartitions: flat(ownedPartitions), generationId, rackId }
  } catch (cause) {
    throw unreadable(groupId, `the subscription of member ${memberId}`, cause)
  }
}

/** @throws SluiceError KAFKA_PROTOCOL when the leader's bytes are not an assignment */
export function decodeAssignment(
  groupId: string,
  bytes: Uint8Array,
): { readonly partitions: TopicPartition[]; readonly userData: Uint8Array | null } {
  if (bytes.length === 0) return { partitions: [], userData: null }
  try {
    const { assignedPartitions, userData } = consumerAssignment.decode(bytes).body
    return { partitions: flat(assignedPartitions), userData }
  } catch (cause) {
    throw unreadable(groupId, 'what the leader assigned', cause)
  }
}

/** Every topic that somebody wants. */
export function topicsOf(subscriptions: readonly OwnSubscription[]): string[] {
  return [...new Set(subscriptions.flatMap(({ topics }) => topics))]
}

/** In order, as Java writes them: the coordinator compares a member's bytes with those it had before. */
function nested(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = byTopic(partitions).toSorted(([a], [b]) => byText(a, b))
  return topics.map(([topic, indexes]) => ({ topic, partitions: indexes.toSorted((a, b) => a - b) }))
}

function flat(topics: readonly { topic: string; partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}

function unreadable(group: string, what: string, cause: unknown): SluiceError {
  return new SluiceError('KAFKA_PROTOCOL', `In consumer group ${group}, ${what} cannot be read`, {
    cause,
    place: { group },
    remedy: 'Look for a member that is not a consumer, or that has an assignor of its own under a common name.',
  })
}
