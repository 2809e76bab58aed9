import { ApiError } from '../api/handler.ts'
import { type Assignment, type OwnedPartitions, isWithin } from './assignment.ts'
import type { ClassicFacts, CurrentAssignment, MemberSubscription } from './consumer-member.ts'

export const JOIN = 0
export const LEAVE = -1
/** A static member that will come back soon. */
export const LEAVE_FOR_NOW = -2

export interface ConsumerHeartbeat {
  readonly memberId: string
  readonly epoch: number
  readonly instanceId: string | null
  /** What has changed since the last heartbeat; null: nothing. */
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number | null
  readonly topicNames: readonly string[] | null
  readonly topicRegex: string | null
  readonly serverAssignor: string | null
  readonly owned: Assignment | null
  /** From a member of the classic protocol. */
  readonly classic: ClassicFacts | null
  readonly clientId: string
  readonly clientHost: string
}

export interface ConsumerHeartbeatResult {
  readonly memberId: string
  readonly epoch: number
  readonly heartbeatIntervalMs: number
  /** Null: as before. */
  readonly assignment: OwnedPartitions | null
}

/** Throws FENCED_MEMBER_EPOCH. */
export function checkEpoch(current: CurrentAssignment, { epoch, owned }: ConsumerHeartbeat): void {
  const remedy = 'The member must abandon all its partitions and rejoin.'
  const known = `than the one known by the group coordinator (${current.epoch})`
  if (epoch > current.epoch) {
    const text = `The consumer group member has a greater member epoch (${epoch}) ${known}. ${remedy}`
    throw new ApiError('FENCED_MEMBER_EPOCH', text)
  }
  // The answer to its last heartbeat was lost: it may go on if it has nothing that it should not have.
  const isRepeat = epoch === current.previousEpoch && owned !== null && isWithin(owned, current.assigned)
  if (epoch < current.epoch && !isRepeat) {
    const text = `The consumer group member has a smaller member epoch (${epoch}) ${known}. ${remedy}`
    throw new ApiError('FENCED_MEMBER_EPOCH', text)
  }
}

/** Of a member that is new. */
export function subscriptionOf(request: ConsumerHeartbeat): MemberSubscription {
  return {
    instanceId: request.instanceId,
    rackId: request.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? -1,
    topicNames: request.topicNames ?? [],
    topicRegex: request.topicRegex ?? '',
    serverAssignor: request.serverAssignor,
    classic: request.classic,
  }
}

/** The subscription with what the heartbeat changes: the same object when nothing has changed, as in most heartbeats. */
export function merged(old: MemberSubscription, request: ConsumerHeartbeat): MemberSubscription {
  const { rackId, rebalanceTimeoutMs, topicNames, topicRegex, serverAssignor, clientId, clientHost } = request
  const isQuiet = rackId === null && rebalanceTimeoutMs === null && topicNames === null && topicRegex === null
  if (
    isQuiet &&
    request.classic === old.classic &&
    serverAssignor === null &&
    clientId === old.clientId &&
    clientHost === old.clientHost
  )
    return old
  return {
    instanceId: old.instanceId,
    rackId: request.rackId ?? old.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? old.rebalanceTimeoutMs,
    topicNames: request.topicNames ?? old.topicNames,
    topicRegex: request.topicRegex ?? old.topicRegex,
    serverAssignor: request.serverAssignor ?? old.serverAssignor,
    classic: request.classic,
  }
}
