import { consumerAssignment } from '@sluice/kafka-protocol'
import { toAssignment } from './assignment.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { ClassicMember } from './classic-member.ts'
import type { AdoptedMember, ConsumerGroup } from './consumer-group.ts'
import type { TopicsView } from './group.ts'
import { assignmentOf, byTopicId, subscriptionIn } from './mixed-group.ts'
import type { RecordValue } from './records.ts'

/** The members of a classic group as members of a consumer group. Throws INCONSISTENT_GROUP_PROTOCOL if it is none of consumers. */
export function adoptedMembers(group: ClassicGroup, topics: TopicsView): AdoptedMember[] {
  return Array.from(group.members.all.values(), (member) => {
    const protocols = member.protocols.map(({ name, metadata }) => ({ name, metadata }))
    const subscription = subscriptionIn(protocols)
    return {
      id: member.id,
      subscription: {
        instanceId: member.instanceId,
        rackId: subscription.rackId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        topicNames: subscription.topics.toSorted(),
        topicRegex: '',
        serverAssignor: null,
        classic: { sessionTimeoutMs: member.sessionTimeoutMs, protocols },
      },
      assigned: toAssignment(byTopicId(topics, assignedTo(member))),
    }
  })
}

/** A consumer group whose members all speak the classic protocol, as a classic group. */
export function classicValue(
  group: ConsumerGroup,
  generation: number,
  topics: TopicsView,
  now: number,
): RecordValue<'classicGroup'> {
  const members = [...group.members.all.values()]
  const protocol = commonProtocol(members.map(({ subscription }) => subscription.classic!.protocols))
  return {
    protocolType: 'consumer',
    generation,
    protocol,
    leader: members[0]?.id ?? null,
    currentStateTimestamp: now,
    members: members.map((member) => {
      const { subscription } = member
      const spoken =
        subscription.classic!.protocols.find(({ name }) => name === protocol) ?? subscription.classic!.protocols[0]!
      return {
        memberId: member.id,
        groupInstanceId: subscription.instanceId,
        clientId: subscription.clientId,
        clientHost: subscription.clientHost,
        rebalanceTimeout: subscription.rebalanceTimeoutMs,
        sessionTimeout: subscription.classic!.sessionTimeoutMs,
        subscription: spoken.metadata,
        assignment: assignmentOf(member, spoken, topics),
      }
    }),
  }
}

function commonProtocol(ofMembers: readonly (readonly { readonly name: string }[])[]): string {
  const [first = [], ...others] = ofMembers
  const found = first.find(({ name }) => others.every((protocols) => protocols.some((other) => other.name === name)))
  return (found ?? first[0])?.name ?? ''
}

function assignedTo({ assignment }: ClassicMember): { topic: string; partitions: number[] }[] {
  if (assignment.length === 0) return []
  try {
    return consumerAssignment.decode(assignment).body.assignedPartitions
  } catch {
    return []
  }
}
