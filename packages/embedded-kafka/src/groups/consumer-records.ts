import type { OwnRecord } from '../broker.ts'
import { type Assignment, type OwnedPartitions, toTopicPartitions } from './assignment.ts'
import type {
  ClassicFacts,
  ConsumerMember,
  CurrentAssignment,
  MemberState,
  MemberSubscription,
} from './consumer-member.ts'
import { type RecordValue, groupRecord } from './records.ts'

/** What is written of a consumer group, and how it is read back. */

const STATES: readonly MemberState[] = ['stable', 'unrevoked', 'unreleased']

export function epochRecord(groupId: string, epoch: number): OwnRecord {
  return groupRecord('groupEpoch', { groupId }, { epoch })
}

export function targetEpochRecord(groupId: string, assignmentEpoch: number, assignmentTimestamp: number): OwnRecord {
  return groupRecord('targetEpoch', { groupId }, { assignmentEpoch, assignmentTimestamp })
}

export function targetRecord(groupId: string, { id: memberId, target }: ConsumerMember): OwnRecord {
  return groupRecord('target', { groupId, memberId }, { topicPartitions: toTopicPartitions(target) })
}

export function subscriptionRecord(groupId: string, { id: memberId, subscription }: ConsumerMember): OwnRecord {
  return groupRecord(
    'member',
    { groupId, memberId },
    {
      instanceId: subscription.instanceId,
      rackId: subscription.rackId,
      clientId: subscription.clientId,
      clientHost: subscription.clientHost,
      subscribedTopicNames: subscription.topicNames,
      subscribedTopicRegex: subscription.topicRegex,
      rebalanceTimeoutMs: subscription.rebalanceTimeoutMs,
      serverAssignor: subscription.serverAssignor,
      classicMemberMetadata:
        subscription.classic === null
          ? null
          : {
              sessionTimeoutMs: subscription.classic.sessionTimeoutMs,
              supportedProtocols: subscription.classic.protocols,
            },
    },
  )
}

export function currentRecord(groupId: string, { id: memberId, current }: ConsumerMember): OwnRecord {
  return groupRecord(
    'current',
    { groupId, memberId },
    {
      memberEpoch: current.epoch,
      previousMemberEpoch: current.previousEpoch,
      state: STATES.indexOf(current.state),
      assignedPartitions: withEpochs(current.assigned),
      partitionsPendingRevocation: withEpochs(current.revoking),
    },
  )
}

/** In the order in which Kafka takes a member back. */
export function memberTombstones(groupId: string, memberId: string): OwnRecord[] {
  const key = { groupId, memberId }
  return [groupRecord('current', key, null), groupRecord('target', key, null), groupRecord('member', key, null)]
}

export function groupTombstones(groupId: string): OwnRecord[] {
  return [groupRecord('targetEpoch', { groupId }, null), groupRecord('groupEpoch', { groupId }, null)]
}

export function readSubscription(value: RecordValue<'member'>): MemberSubscription {
  return {
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    topicNames: value.subscribedTopicNames,
    topicRegex: value.subscribedTopicRegex ?? '',
    serverAssignor: value.serverAssignor,
    classic: readClassic(value.classicMemberMetadata),
  }
}

function readClassic(value: RecordValue<'member'>['classicMemberMetadata']): ClassicFacts | null {
  return value === null ? null : { sessionTimeoutMs: value.sessionTimeoutMs, protocols: value.supportedProtocols }
}

export function readTarget(value: RecordValue<'target'>): Assignment {
  return new Map(value.topicPartitions.map(({ topicId, partitions }) => [topicId, new Set(partitions)]))
}

export function readCurrent(value: RecordValue<'current'>): CurrentAssignment {
  return {
    epoch: value.memberEpoch,
    previousEpoch: value.previousMemberEpoch,
    state: STATES[value.state] ?? 'stable',
    assigned: ownedPartitions(value.assignedPartitions, value.memberEpoch),
    revoking: ownedPartitions(value.partitionsPendingRevocation, value.memberEpoch),
  }
}

type Owned = RecordValue<'current'>['assignedPartitions']

function withEpochs(owned: OwnedPartitions): Owned {
  return Array.from(owned, ([topicId, partitions]) => ({
    topicId,
    partitions: [...partitions.keys()],
    assignmentEpochs: [...partitions.values()],
  }))
}

function ownedPartitions(list: Owned, memberEpoch: number): OwnedPartitions {
  return new Map(
    list.map(({ topicId, partitions, assignmentEpochs }) => [
      topicId,
      new Map(partitions.map((partition, i) => [partition, assignmentEpochs?.[i] ?? memberEpoch])),
    ]),
  )
}
