import type { OwnRecord } from '../broker.ts'
import { ApiError } from '../api/handler.ts'
import { assignorNamed } from './assignors.ts'
import { type Assignment, NO_PARTITIONS, type OwnedPartitions, isSame } from './assignment.ts'
import {
  type ConsumerHeartbeat,
  type ConsumerHeartbeatResult,
  JOIN,
  LEAVE,
  LEAVE_FOR_NOW,
  checkEpoch,
  merged,
  subscriptionOf,
} from './consumer-heartbeat.ts'
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
import { MixedGroup } from './mixed-group.ts'
import { Lease } from './lease.ts'
import type { GroupRecord } from './records.ts'

/** A member of a classic group, in the words of this one. */
export interface AdoptedMember {
  readonly id: string
  readonly subscription: MemberSubscription
  readonly assigned: Assignment
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
  /** For members of the classic protocol. */
  readonly classic: MixedGroup
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
    this.classic = new MixedGroup(this, context)
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
    const { member, before } = this.step(request)
    const isFull =
      request.rebalanceTimeoutMs !== null &&
      (request.topicNames !== null || request.topicRegex !== null) &&
      request.owned !== null
    const { epoch, assigned } = member.current
    const hasChanged = assigned !== before.assigned && !isSame(assigned, before.assigned)
    return this.#answer(member.id, epoch, isFull || hasChanged ? assigned : null)
  }

  /** Takes a member one step on towards its target, with what it says; and where it stood before. */
  step(request: ConsumerHeartbeat): { readonly member: ConsumerMember; readonly before: CurrentAssignment } {
    const records: OwnRecord[] = []
    const member = this.#member(request, records)
    const before = member.current
    this.#subscribe(member, request, records)
    this.#lookAtTopics(records)
    this.#computeTarget(records)
    this.#reconcile(member, request.owned, records)
    if (records.length > 0) this.#context.write(this.id, records)
    this.renew(member)
    return { member, before }
  }

  /** The member lives. */
  renew({ session, subscription }: ConsumerMember): void {
    const own = subscription.classic?.sessionTimeoutMs
    session.renew(own ?? this.#context.groupSetting(this.id, 'consumer.session.timeout.ms'))
  }

  /** Whether all members speak the classic protocol. */
  get isClassicOnly(): boolean {
    for (const { subscription } of this.members.all.values()) if (subscription.classic === null) return false
    return this.members.size > 0
  }

  /** The members of a classic group become those of this new one: with what they have, in the epoch of their generation. */
  adopt(generation: number, members: readonly AdoptedMember[]): OwnRecord[] {
    this.#epoch = this.#targetEpoch = generation
    const records = [written.epochRecord(this.id, generation), written.targetEpochRecord(this.id, generation, 0)]
    for (const { id, subscription, assigned } of members) {
      const member = this.#addMember(id, subscription)
      member.target = new Map(Array.from(assigned, ([topicId, partitions]) => [topicId, new Set(partitions)]))
      const owned = new Map(
        Array.from(assigned, ([topicId, partitions]) => [
          topicId,
          new Map(Array.from(partitions, (i) => [i, generation])),
        ]),
      )
      this.members.move(member, { ...NOTHING_YET, epoch: generation, previousEpoch: generation, assigned: owned })
      records.push(written.subscriptionRecord(this.id, member), written.targetRecord(this.id, member))
      records.push(written.currentRecord(this.id, member))
    }
    return records
  }

  committed(): void {}

  expireMember(memberId: string): void {
    const member = this.members.get(memberId)
    if (member !== undefined) this.remove([member])
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
      this.renew(member)
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
  #takeOver(
    old: ConsumerMember,
    { memberId, instanceId, classic }: ConsumerHeartbeat,
    records: OwnRecord[],
  ): ConsumerMember {
    if (old.current.epoch !== LEAVE_FOR_NOW && classic === null) {
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
    if (epoch === LEAVE) this.remove([member])
    else {
      const next: CurrentAssignment = { ...member.current, epoch, state: 'stable', revoking: NO_PARTITIONS }
      member.revocation.cancel()
      this.members.move(member, next)
      this.#context.write(this.id, [written.currentRecord(this.id, member)])
    }
    return { memberId, epoch, heartbeatIntervalMs: 0, assignment: null }
  }

  /** The members are out: one epoch for all of them. */
  remove(gone: readonly ConsumerMember[]): void {
    const epochBefore = this.#epoch
    for (const member of gone) this.members.remove(member)
    this.#seenTopics = this.members.subscribedTopics()
    const tombstones = gone.flatMap(({ id }) => written.memberTombstones(this.id, id))
    this.#context.write(this.id, [...tombstones, written.epochRecord(this.id, ++this.#epoch)])
    this.#context.left(this, epochBefore)
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
    const member = this.members.get(id)
    const isClassic = member?.subscription.classic != null
    if (isClassic || member?.current.state === 'unrevoked') this.#fenceLater(id)
  }

  #answer(memberId: string, epoch: number, assignment: OwnedPartitions | null): ConsumerHeartbeatResult {
    const heartbeatIntervalMs = this.#context.groupSetting(this.id, 'consumer.heartbeat.interval.ms')
    return { memberId, epoch, heartbeatIntervalMs, assignment }
  }
}

function isSameStep(one: CurrentAssignment, other: CurrentAssignment): boolean {
  if (one === other) return true
  if (one === NOTHING_YET || one.epoch !== other.epoch || one.state !== other.state) return false
  return isSame(one.assigned, other.assigned) && isSame(one.revoking, other.revoking)
}
