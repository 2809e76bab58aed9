import type { OwnRecord } from '../broker.ts'
import { ApiError } from '../api/handler.ts'
import { assignorNamed } from './assignors.ts'
import { type Assignment, NO_PARTITIONS, type OwnedPartitions, isSame, isWithin } from './assignment.ts'
import {
  type ConsumerMember,
  type CurrentAssignment,
  type MemberSubscription,
  NOTHING_YET,
  reconcile,
} from './consumer-member.ts'
import { ConsumerMembers } from './consumer-members.ts'
import { ConsumerOffsetRules } from './consumer-offset-rules.ts'
import * as written from './consumer-records.ts'
import type { Group, GroupContext } from './group.ts'
import { Lease } from './lease.ts'
import type { GroupRecord } from './records.ts'

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

/**
 * A group whose coordinator assigns (KIP-848). Every change of members, subscriptions or topics raises the group's epoch; a target
 * assignment is computed for each epoch, and every member goes towards it with its own heartbeats, without waiting for the others but for
 * the partitions that they still have.
 */
export class ConsumerGroup implements Group {
  readonly type = 'consumer'
  readonly protocolType = 'consumer'
  readonly id: string
  readonly members: ConsumerMembers
  readonly rules: ConsumerOffsetRules
  readonly #context: GroupContext
  #epoch = 0
  #targetEpoch = 0
  #targetTimestamp = 0
  /** Of the topics that members subscribe to: how many partitions each had when that was last looked at. */
  #seenTopics: ReadonlyMap<string, number> = new Map()
  #seenChanges = -1

  constructor(id: string, context: GroupContext) {
    this.id = id
    this.#context = context
    this.members = new ConsumerMembers(id, context.topics)
    this.rules = new ConsumerOffsetRules(this.members)
  }

  get epoch(): number {
    return this.#epoch
  }

  get targetEpoch(): number {
    return this.#targetEpoch
  }

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  get state(): 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.isEmpty) return 'Empty'
    if (this.#epoch > this.#targetEpoch) return 'Assigning'
    for (const { current } of this.members.all.values()) {
      if (current.state !== 'stable' || current.epoch !== this.#targetEpoch) return 'Reconciling'
    }
    return 'Stable'
  }

  get assignor(): string {
    return this.members.preferredAssignor(this.#context.assignors())
  }

  /** Joins, goes on, or leaves, by the epoch that the member comes with. */
  heartbeat(request: ConsumerHeartbeat): ConsumerHeartbeatResult {
    if (request.epoch === LEAVE || request.epoch === LEAVE_FOR_NOW) return this.#leave(request)
    const records: OwnRecord[] = []
    const member = this.#member(request, records)
    const before = member.current
    this.#subscribe(member, request, records)
    this.#lookAtTopics(records)
    this.#computeTarget(records)
    this.#reconcile(member, request.owned, records)
    if (records.length > 0) this.#context.write(this.id, records)
    member.session.renew(this.#context.groupSetting(this.id, 'consumer.session.timeout.ms'))
    const isFull =
      request.rebalanceTimeoutMs !== null &&
      (request.topicNames !== null || request.topicRegex !== null) &&
      request.owned !== null
    const { epoch, assigned } = member.current
    const hasChanged = assigned !== before.assigned && !isSame(assigned, before.assigned)
    return this.#answer(member.id, epoch, isFull || hasChanged ? assigned : null)
  }

  committed(): void {}

  expireMember(memberId: string): void {
    const member = this.members.get(memberId)
    if (member !== undefined) this.#fence(member)
  }

  tombstones(): OwnRecord[] {
    const ofMembers = [...this.members.all.keys()].flatMap((id) => written.memberTombstones(this.id, id))
    return [...ofMembers, ...written.groupTombstones(this.id)]
  }

  close(): void {
    for (const member of this.members.all.values()) this.members.remove(member)
  }

  /** Takes over what a record says. */
  restore(record: Exclude<GroupRecord, { kind: 'offset' | 'classicGroup' }>): void {
    const { kind, key, value } = record
    if (kind === 'groupEpoch') this.#epoch = value?.epoch ?? 0
    else if (kind === 'targetEpoch') {
      this.#targetEpoch = value?.assignmentEpoch ?? 0
      this.#targetTimestamp = Number(value?.assignmentTimestamp ?? 0)
    } else if (kind === 'member')
      this.#restoreMember(key.memberId, value === null ? null : written.readSubscription(value))
    else {
      const member = this.members.get(key.memberId)
      if (member === undefined) return
      if (kind === 'target') member.target = value === null ? NO_PARTITIONS : written.readTarget(value)
      else this.members.move(member, value === null ? NOTHING_YET : written.readCurrent(value))
    }
  }

  resume(): void {
    this.#seenTopics = this.members.subscribedTopics()
    for (const member of this.members.all.values()) {
      member.session.renew(this.#context.groupSetting(this.id, 'consumer.session.timeout.ms'))
      if (member.current.state === 'unrevoked') member.revocation.renew(member.subscription.rebalanceTimeoutMs)
    }
  }

  // ── who it is ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #member(request: ConsumerHeartbeat, records: OwnRecord[]): ConsumerMember {
    const { memberId, instanceId, epoch } = request
    if (epoch !== JOIN) {
      const member = this.members.claim(memberId, instanceId)
      checkEpoch(member.current, request)
      return member
    }
    const known = instanceId === null ? this.members.get(memberId) : this.members.static(instanceId)
    if (known === undefined) {
      if (this.members.size >= this.#context.setting('group.consumer.max.size')) {
        throw new ApiError('GROUP_MAX_SIZE_REACHED', `The consumer group has reached its maximum capacity.`)
      }
      return this.#addMember(memberId, subscriptionOf(request))
    }
    return known.id === memberId ? known : this.#takeOver(known, request, records)
  }

  /** A static member comes back under a new id: it goes on where the old one was. */
  #takeOver(old: ConsumerMember, { memberId, instanceId }: ConsumerHeartbeat, records: OwnRecord[]): ConsumerMember {
    if (old.current.epoch !== LEAVE_FOR_NOW) {
      const text = `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${old.id} member.`
      throw new ApiError('UNRELEASED_INSTANCE_ID', text)
    }
    this.members.remove(old)
    records.push(...written.memberTombstones(this.id, old.id))
    const member = this.#addMember(memberId, old.subscription)
    member.target = old.target
    this.members.move(member, { ...NOTHING_YET, assigned: old.current.assigned })
    records.push(written.subscriptionRecord(this.id, member), written.targetRecord(this.id, member))
    return member
  }

  #addMember(id: string, subscription: MemberSubscription): ConsumerMember {
    const member: ConsumerMember = {
      id,
      subscription,
      session: new Lease(this.#context.clock, () => this.#fenceLater(id)),
      revocation: new Lease(this.#context.clock, () => this.#revocationEnded(id)),
      topicIds: undefined,
      target: NO_PARTITIONS,
      current: NOTHING_YET,
    }
    this.members.add(member)
    return member
  }

  #restoreMember(id: string, subscription: MemberSubscription | null): void {
    const known = this.members.get(id)
    if (subscription === null) {
      if (known !== undefined) this.members.remove(known)
      return
    }
    if (known === undefined) this.#addMember(id, subscription)
    else known.subscription = subscription
  }

  // ── towards the target ────────────────────────────────────────────────────────────────────────────────────────────

  #subscribe(member: ConsumerMember, request: ConsumerHeartbeat, records: OwnRecord[]): void {
    const isNewGroup = this.#epoch === 0
    if (isNewGroup) this.#epoch = 1
    const old = member.subscription
    const isNew = member.current === NOTHING_YET
    const next = merged(old, request)
    const isOther = isNew
      ? next.topicNames.length > 0 || next.topicRegex !== ''
      : next !== old &&
        (next.topicNames.join() !== old.topicNames.join() ||
          next.topicRegex !== old.topicRegex ||
          next.serverAssignor !== old.serverAssignor)
    member.subscription = next
    if (isNew || (next !== old && JSON.stringify(next) !== JSON.stringify(old)))
      records.push(written.subscriptionRecord(this.id, member))
    if (isOther) {
      member.topicIds = undefined
      this.#seenTopics = this.members.subscribedTopics()
      this.#epoch++
    }
    if (isNewGroup || isOther) records.push(written.epochRecord(this.id, this.#epoch))
  }

  /** New topics that somebody subscribes to, gone ones, and new partitions raise the epoch. */
  #lookAtTopics(records: OwnRecord[]): void {
    if (this.#seenChanges === this.#context.topics.changes) return
    this.#seenChanges = this.#context.topics.changes
    this.members.forgetTopics()
    const now = this.members.subscribedTopics()
    const isSameAsSeen =
      now.size === this.#seenTopics.size && [...now].every(([id, count]) => this.#seenTopics.get(id) === count)
    if (isSameAsSeen) return
    this.#seenTopics = now
    records.push(written.epochRecord(this.id, ++this.#epoch))
  }

  #computeTarget(records: OwnRecord[]): void {
    if (this.#epoch === this.#targetEpoch) return
    const now = this.#context.clock.now()
    const dueAt = this.#targetTimestamp + this.#context.setting('group.consumer.assignment.interval.ms')
    if (this.#targetTimestamp !== 0 && now < dueAt) return
    const members = [...this.members.all.values()]
    const assign = assignorNamed(this.assignor)
    const targets = assign(
      members.map((member) => ({
        id: member.id,
        instanceId: member.subscription.instanceId,
        topicIds: this.members.topicIds(member),
        target: member.target,
      })),
      (topicId) => this.#context.topics.byId(topicId)?.partitions.length ?? 0,
    )
    for (const member of members) {
      const target = targets.get(member.id) ?? NO_PARTITIONS
      if (isSame(target, member.target) && member.current !== NOTHING_YET) continue
      member.target = target
      records.push(written.targetRecord(this.id, member))
    }
    this.#targetEpoch = this.#epoch
    this.#targetTimestamp = now
    records.push(written.targetEpochRecord(this.id, this.#targetEpoch, now))
  }

  #reconcile(member: ConsumerMember, owned: Assignment | null, records: OwnRecord[]): void {
    const { current, target } = member
    const next = reconcile(current, {
      target,
      targetEpoch: this.#targetEpoch,
      owned,
      isFree: (topicId, partition) => this.members.isFree(member, topicId, partition),
    })
    if (isSameStep(current, next)) return
    this.members.move(member, next)
    records.push(written.currentRecord(this.id, member))
    if (next.state === 'unrevoked') member.revocation.renew(member.subscription.rebalanceTimeoutMs)
    else member.revocation.cancel()
  }

  // ── leaving ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #leave({ memberId, instanceId, epoch }: ConsumerHeartbeat): ConsumerHeartbeatResult {
    const member = this.members.claim(memberId, instanceId)
    if (epoch === LEAVE) this.#fence(member)
    else {
      const next: CurrentAssignment = { ...member.current, epoch, state: 'stable', revoking: NO_PARTITIONS }
      member.revocation.cancel()
      this.members.move(member, next)
      this.#context.write(this.id, [written.currentRecord(this.id, member)])
    }
    return { memberId, epoch, heartbeatIntervalMs: 0, assignment: null }
  }

  #fence(member: ConsumerMember): void {
    this.members.remove(member)
    this.#seenTopics = this.members.subscribedTopics()
    const epoch = written.epochRecord(this.id, ++this.#epoch)
    this.#context.write(this.id, [...written.memberTombstones(this.id, member.id), epoch])
  }

  /** From a timer, where nobody hears of a disk that is full: after a restart the member's session ends once more. */
  #fenceLater(id: string): void {
    try {
      this.expireMember(id)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
    }
  }

  #revocationEnded(id: string): void {
    if (this.members.get(id)?.current.state === 'unrevoked') this.#fenceLater(id)
  }

  #answer(memberId: string, epoch: number, assignment: OwnedPartitions | null): ConsumerHeartbeatResult {
    const heartbeatIntervalMs = this.#context.groupSetting(this.id, 'consumer.heartbeat.interval.ms')
    return { memberId, epoch, heartbeatIntervalMs, assignment }
  }
}

function checkEpoch(current: CurrentAssignment, { epoch, owned }: ConsumerHeartbeat): void {
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

function subscriptionOf(request: ConsumerHeartbeat): MemberSubscription {
  return {
    instanceId: request.instanceId,
    rackId: request.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? -1,
    topicNames: request.topicNames ?? [],
    topicRegex: request.topicRegex ?? '',
    serverAssignor: request.serverAssignor,
  }
}

/** The same object when nothing has changed, as in most heartbeats. */
function merged(old: MemberSubscription, request: ConsumerHeartbeat): MemberSubscription {
  const { rackId, rebalanceTimeoutMs, topicNames, topicRegex, serverAssignor, clientId, clientHost } = request
  const isQuiet = rackId === null && rebalanceTimeoutMs === null && topicNames === null && topicRegex === null
  if (isQuiet && serverAssignor === null && clientId === old.clientId && clientHost === old.clientHost) return old
  return {
    instanceId: old.instanceId,
    rackId: request.rackId ?? old.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs ?? old.rebalanceTimeoutMs,
    topicNames: request.topicNames ?? old.topicNames,
    topicRegex: request.topicRegex ?? old.topicRegex,
    serverAssignor: request.serverAssignor ?? old.serverAssignor,
  }
}

function isSameStep(one: CurrentAssignment, other: CurrentAssignment): boolean {
  if (one === other) return true
  if (one === NOTHING_YET || one.epoch !== other.epoch || one.state !== other.state) return false
  return isSame(one.assigned, other.assigned) && isSame(one.revoking, other.revoking)
}
