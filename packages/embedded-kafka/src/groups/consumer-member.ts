import { randomBytes } from 'node:crypto'
import { type Assignment, NO_PARTITIONS, type OwnedPartitions, has, overlap } from './assignment.ts'
import type { MemberProtocol } from './classic-requests.ts'
import type { Lease } from './lease.ts'

/** What a member says of itself, in its first heartbeat or when it changes. */
export interface MemberSubscription {
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly topicNames: readonly string[]
  /** Empty without one. */
  readonly topicRegex: string
  /** Null: any. */
  readonly serverAssignor: string | null
  /** What a member of the classic protocol said; null for one of the consumer protocol. */
  readonly classic: ClassicFacts | null
}

export interface ClassicFacts {
  readonly sessionTimeoutMs: number
  /** By preference, with subscriptions as metadata. */
  readonly protocols: readonly MemberProtocol[]
}

/**
 * Where a member is on its way to its target: `stable` has what it can have, `unrevoked` must first let go of partitions,
 * `unreleased` waits for partitions that others still hold.
 */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased'

export interface CurrentAssignment {
  readonly epoch: number
  readonly previousEpoch: number
  readonly state: MemberState
  readonly assigned: OwnedPartitions
  /** What it was told to let go of; nobody else gets it before it has. */
  readonly revoking: OwnedPartitions
}

export const NOTHING_YET: CurrentAssignment = {
  epoch: 0,
  previousEpoch: 0,
  state: 'stable',
  assigned: NO_PARTITIONS,
  revoking: NO_PARTITIONS,
}

/** A member of a consumer group (KIP-848). */
export interface ConsumerMember {
  readonly id: string
  readonly session: Lease
  /** Runs while it has partitions to let go of; for a member of the classic protocol, while it has to join or to sync. */
  readonly revocation: Lease
  subscription: MemberSubscription
  /** Ids of subscribed topics that there are; undefined when they must be looked up again. */
  topicIds: ReadonlySet<string> | undefined
  target: Assignment
  current: CurrentAssignment
}

/** As Kafka names members of such groups. */
export function newMemberId(): string {
  return randomBytes(16).toString('base64url')
}

/** What the member has, with what it has still to let go of. */
export function heldPartitions({ assigned, revoking }: CurrentAssignment): OwnedPartitions {
  if (revoking.size === 0) return assigned
  const held = new Map([...assigned].map(([topicId, partitions]) => [topicId, new Map(partitions)]))
  for (const [topicId, partitions] of revoking) {
    for (const [partition, at] of partitions) put(held, topicId, partition, at)
  }
  return held
}

export interface Reconciliation {
  readonly target: Assignment
  readonly targetEpoch: number
  /** What the member says it has; null when it says nothing. */
  readonly owned: Assignment | null
  /** Whether nobody else has the partition. */
  isFree(topicId: string, partition: number): boolean
}

/**
 * The next step of a member towards its target. First it lets go of what it is not to have any more, and stays in its epoch until it says
 * that it has; then it goes to the target's epoch and gets what is free; the rest follows as others let go of it.
 */
export function reconcile(current: CurrentAssignment, towards: Reconciliation): CurrentAssignment {
  const { state, epoch, revoking } = current
  if (state === 'stable') return epoch === towards.targetEpoch ? current : step(current, epoch, towards)
  if (state === 'unreleased') return step(current, epoch, towards)
  const stillOwnsThem = towards.owned === null || overlap(revoking, towards.owned)
  return stillOwnsThem ? current : step(current, epoch + 1, towards)
}

/** `epoch` is where the member stands if it cannot go to the target's epoch yet. */
function step(current: CurrentAssignment, epoch: number, towards: Reconciliation): CurrentAssignment {
  const { target, targetEpoch, owned } = towards
  const { assigned } = current
  const kept = new Map<string, Map<number, number>>()
  const revoking = new Map<string, Map<number, number>>()
  for (const [topicId, partitions] of assigned) {
    for (const [partition, at] of partitions)
      put(has(target, topicId, partition) ? kept : revoking, topicId, partition, at)
  }
  if (revoking.size > 0 && (owned === null || overlap(revoking, owned))) {
    return { epoch, previousEpoch: previous(current, epoch), state: 'unrevoked', assigned: kept, revoking }
  }
  let hasUnreleased = false
  for (const [topicId, partitions] of target) {
    for (const partition of partitions) {
      if (has(kept, topicId, partition)) continue
      if (towards.isFree(topicId, partition)) put(kept, topicId, partition, targetEpoch)
      else hasUnreleased = true
    }
  }
  const state = hasUnreleased ? 'unreleased' : 'stable'
  const previousEpoch = previous(current, targetEpoch)
  return { epoch: targetEpoch, previousEpoch, state, assigned: kept, revoking: NO_PARTITIONS }
}

function previous(current: CurrentAssignment, epoch: number): number {
  return epoch === current.epoch ? current.previousEpoch : current.epoch
}

function put(into: Map<string, Map<number, number>>, topicId: string, partition: number, at: number): void {
  const known = into.get(topicId)
  if (known === undefined) into.set(topicId, new Map([[partition, at]]))
  else known.set(partition, at)
}
