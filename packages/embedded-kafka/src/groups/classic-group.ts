import { randomUUID } from 'node:crypto'
import type { OwnRecord } from '../broker.ts'
import { ApiError } from '../api/handler.ts'
import { ClassicGeneration, type ClassicState } from './classic-generation.ts'
import { ClassicMember } from './classic-member.ts'
import type { ClassicMembers } from './classic-members.ts'
import { ClassicOffsetRules } from './classic-offset-rules.ts'
import {
  type JoinRequest,
  type JoinResult,
  type LeavingMember,
  type MemberFacts,
  NOTHING,
  type SyncRequest,
  type SyncResult,
  refusedJoin,
  refusedSync,
} from './classic-requests.ts'
import type { Group, GroupContext } from './group.ts'
import { Lease } from './lease.ts'
import { Rebalance } from './rebalance.ts'
import { type RecordValue, groupRecord } from './records.ts'

/** A member whose first JoinGroup is not answered cannot show that it lives. */
const FIRST_JOIN_TIMEOUT_MS = 5 * 60_000

/**
 * A group whose leader assigns (the protocol before KIP-848): its members join a generation, the leader among them assigns, everybody
 * fetches its assignment, and a change of members begins the next generation. Answers that must wait are callbacks.
 */
export class ClassicGroup implements Group {
  readonly type = 'classic'
  readonly id: string
  readonly generation: ClassicGeneration
  readonly rules: ClassicOffsetRules
  readonly members: ClassicMembers
  readonly #context: GroupContext
  readonly #rebalance: Rebalance

  constructor(id: string, context: GroupContext) {
    this.id = id
    this.#context = context
    this.generation = new ClassicGeneration(context.clock)
    this.members = this.generation.members
    this.rules = new ClassicOffsetRules(this.generation)
    this.#rebalance = new Rebalance(this.members, context, {
      enter: (state) => this.generation.enter(state),
      interrupt: () => this.#endSync('REBALANCE_IN_PROGRESS'),
      begin: () => this.#begin(),
      drop: (late) => this.#drop(late),
    })
  }

  get state(): ClassicState {
    return this.generation.state
  }

  get protocolType(): string {
    return this.generation.protocolType ?? ''
  }

  get isEmpty(): boolean {
    return this.generation.isEmpty
  }

  /** Throws what refuses it; else `respond` is called once, now or when the generation begins. */
  join(request: JoinRequest, respond: (result: JoinResult) => void): void {
    this.#assertAlive()
    const { memberId, protocolType, protocols } = request
    const hasRoom = this.generation.hasRoomFor(memberId, this.#context.setting('group.max.size'))
    if (!hasRoom) throw new ApiError('GROUP_MAX_SIZE_REACHED')
    if (!this.generation.isSpokenBy(protocolType, protocols)) throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
    if (request.memberId === '') this.#joinAsNew(request, respond)
    else this.#joinAgain(request, respond)
  }

  /** As `join`. */
  sync(request: SyncRequest, respond: (result: SyncResult) => void): void {
    this.#assertAlive()
    const member = this.members.claim(request.memberId, request.instanceId)
    if (request.generation !== this.generation.number) throw new ApiError('ILLEGAL_GENERATION')
    const { state, protocolType, protocolName } = this.generation
    const isOtherType = request.protocolType !== null && request.protocolType !== protocolType
    const isOtherProtocol = request.protocolName !== null && request.protocolName !== protocolName
    if (isOtherType || isOtherProtocol) throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
    if (state === 'Empty') throw new ApiError('UNKNOWN_MEMBER_ID')
    if (state === 'PreparingRebalance') throw new ApiError('REBALANCE_IN_PROGRESS')
    this.#rebalance.synced(member.id)
    if (state === 'Stable') return respond(this.generation.synced(member))
    member.awaitingSync = respond
    if (member.id === this.members.leader) this.#assign(request.assignments)
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number): void {
    this.#assertAlive()
    const member = this.members.claim(memberId, instanceId)
    if (generation !== this.generation.number) throw new ApiError('ILLEGAL_GENERATION')
    if (this.generation.state === 'Empty') throw new ApiError('UNKNOWN_MEMBER_ID')
    member.session.renew(member.sessionTimeoutMs)
    if (this.generation.state === 'PreparingRebalance') throw new ApiError('REBALANCE_IN_PROGRESS')
  }

  /** The error of each, `undefined` for those that left; one rebalance follows for all. */
  leave(leaving: readonly LeavingMember[]): (ApiError | undefined)[] {
    this.#assertAlive()
    const outcome = leaving.map((who) => {
      try {
        this.#leave(who)
        return undefined
      } catch (error) {
        if (error instanceof ApiError) return error
        throw error
      }
    })
    if (outcome.includes(undefined)) this.#changed()
    return outcome
  }

  /** The client that waits for this answer is gone. One that never learnt its id cannot come back. */
  disconnected(respond: (result: JoinResult) => void, wasIdKnown: boolean): void {
    for (const member of this.members.all.values()) {
      if (member.awaitingJoin !== respond) continue
      if (wasIdKnown || member.instanceId !== null) return member.session.renew(member.sessionTimeoutMs)
      member.awaitingJoin = null
      this.members.remove(member.id)
      return this.#changed()
    }
  }

  expireMember(memberId: string): void {
    if (this.members.removePending(memberId) || this.members.get(memberId) !== undefined) this.#remove(memberId)
  }

  /** A commit keeps a session alive too. */
  committed(memberId: string): void {
    if (this.generation.state !== 'Stable' && this.generation.state !== 'PreparingRebalance') return
    const member = this.members.get(memberId)
    member?.session.renew(member.sessionTimeoutMs)
  }

  tombstones(): OwnRecord[] {
    return [groupRecord('classicGroup', { group: this.id }, null)]
  }

  close(): void {
    this.#close('COORDINATOR_NOT_AVAILABLE', 'UNKNOWN_MEMBER_ID')
  }

  /** The group goes on as one of another protocol: who waits is to join again. */
  handOver(): void {
    this.#close('REBALANCE_IN_PROGRESS', 'REBALANCE_IN_PROGRESS')
  }

  /** Begins a rebalance for all members. */
  reopen(): void {
    this.#changed()
  }

  #close(
    syncError: 'COORDINATOR_NOT_AVAILABLE' | 'REBALANCE_IN_PROGRESS',
    joinError: 'UNKNOWN_MEMBER_ID' | 'REBALANCE_IN_PROGRESS',
  ): void {
    this.generation.enter('Dead')
    this.#rebalance.stop()
    this.#endSync(syncError)
    for (const member of this.members.all.values()) {
      member.session.cancel()
      member.answerJoin(refusedJoin(member.id, joinError))
    }
    for (const id of this.members.pending.keys()) this.members.removePending(id)
  }

  /** Takes over what a record says. */
  restore(value: RecordValue<'classicGroup'>): void {
    for (const id of this.members.all.keys()) this.members.remove(id)
    this.generation.protocolType = value.protocolType === '' ? null : value.protocolType
    for (const found of value.members) {
      const { memberId, groupInstanceId, clientId, clientHost, sessionTimeout, rebalanceTimeout, subscription } = found
      const member = this.#newMember(memberId, {
        instanceId: groupInstanceId,
        clientId,
        clientHost,
        protocolType: value.protocolType,
        protocols: [{ name: value.protocol ?? '', metadata: subscription }],
        sessionTimeoutMs: sessionTimeout,
        rebalanceTimeoutMs: rebalanceTimeout === -1 ? sessionTimeout : rebalanceTimeout,
      })
      member.assignment = found.assignment
      this.members.add(member)
    }
    const { generation, protocol, leader, currentStateTimestamp } = value
    this.generation.restored(generation, protocol, leader, Number(currentStateTimestamp))
  }

  /** Writes a group that is new. */
  found(): void {
    this.#persist()
  }

  resume(): void {
    for (const member of this.members.all.values()) member.session.renew(member.sessionTimeoutMs)
    if (this.members.size > this.#context.setting('group.max.size')) this.#changed()
  }

  // ── joining ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #joinAsNew(request: JoinRequest, respond: (result: JoinResult) => void): void {
    const { instanceId, clientId } = request
    const memberId = `${instanceId ?? clientId}-${randomUUID()}`
    if (instanceId !== null) {
      const old = this.members.staticId(instanceId)
      if (old === undefined) return this.#add(memberId, request, respond)
      return this.#takeOver(this.members.get(old)!, memberId, request, respond)
    }
    if (!request.isIdRequired) return this.#add(memberId, request, respond)
    const session = new Lease(this.#context.clock, () => this.expireMember(memberId))
    this.members.pending.set(memberId, session)
    session.renew(request.sessionTimeoutMs)
    respond(refusedJoin(memberId, 'MEMBER_ID_REQUIRED'))
  }

  #joinAgain(request: JoinRequest, respond: (result: JoinResult) => void): void {
    const { memberId, instanceId } = request
    if (instanceId === null && this.members.pending.has(memberId)) return this.#add(memberId, request, respond)
    const member = this.members.claim(memberId, instanceId)
    const { state } = this.generation
    if (state === 'Empty') throw new ApiError('UNKNOWN_MEMBER_ID')
    const isLeader = member.id === this.members.leader
    // Its answer was lost, or it asks again for no reason: the generation goes on. A leader that asks again wants to assign anew.
    const isInGeneration = state === 'CompletingRebalance' || (state === 'Stable' && !isLeader)
    if (isInGeneration && member.matches(request.protocols)) return respond(this.generation.joined(member, isLeader))
    this.#update(member, request, respond)
    this.#rebalance.prepare(state)
  }

  #add(memberId: string, request: JoinRequest, respond: (result: JoinResult) => void): void {
    const member = this.#newMember(memberId, request)
    member.isNew = true
    if (this.generation.state === 'PreparingRebalance' && this.generation.number === 0) this.#rebalance.welcome()
    if (this.members.size === 0) this.generation.protocolType = request.protocolType
    this.members.removePending(memberId)
    this.members.add(member)
    member.awaitingJoin = respond
    member.session.renew(FIRST_JOIN_TIMEOUT_MS)
    this.#rebalance.prepare(this.generation.state)
  }

  #update(member: ClassicMember, request: JoinRequest, respond: (result: JoinResult) => void): void {
    this.members.update(member, request.protocols)
    member.sessionTimeoutMs = request.sessionTimeoutMs
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    member.awaitingJoin = respond
  }

  /** KIP-345: whoever comes with the instance id of a member goes on in its place, under a new member id. */
  #takeOver(old: ClassicMember, memberId: string, request: JoinRequest, respond: (result: JoinResult) => void): void {
    const leaderBefore = this.members.leader ?? ''
    old.answerJoin(refusedJoin(old.id, 'FENCED_INSTANCE_ID'))
    old.answerSync(refusedSync('FENCED_INSTANCE_ID'))
    const member = this.#newMember(memberId, { ...request, protocols: old.protocols })
    member.assignment = old.assignment
    this.members.replace(old, member)
    this.#update(member, request, respond)
    member.session.renew(member.sessionTimeoutMs)
    if (this.generation.state !== 'Stable' || this.members.selectProtocol() !== this.generation.protocolName) {
      return this.#rebalance.prepare(this.generation.state)
    }
    member.awaitingJoin = null
    try {
      this.#persist()
    } catch (error) {
      this.members.replace(member, old)
      old.session.renew(old.sessionTimeoutMs)
      throw error
    }
    const isLeader = member.id === this.members.leader
    // A client that cannot skip must not believe that it leads: it would assign while the others go on.
    const joined = this.generation.joined(member, isLeader && request.canSkipAssignment)
    respond(
      request.canSkipAssignment ? { ...joined, isAssignmentSkipped: isLeader } : { ...joined, leader: leaderBefore },
    )
  }

  #newMember(id: string, facts: MemberFacts): ClassicMember {
    const session = new Lease(this.#context.clock, () => this.#sessionEnded(id))
    return new ClassicMember(id, facts, session)
  }

  // ── turns of a rebalance ──────────────────────────────────────────────────────────────────────────────────────────

  #begin(): void {
    if (this.generation.begin()) return this.#persistEmpty()
    this.#rebalance.expectSync()
    for (const member of this.members.all.values()) {
      member.isNew = false
      member.session.renew(member.sessionTimeoutMs)
      member.answerJoin(this.generation.joined(member, member.id === this.members.leader))
    }
  }

  #assign(assignments: SyncRequest['assignments']): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    try {
      this.#persist(byMember)
    } catch {
      this.#endSync('COORDINATOR_NOT_AVAILABLE')
      return this.#rebalance.prepare(this.generation.state)
    }
    this.generation.enter('Stable')
    for (const member of this.members.all.values()) {
      member.assignment = byMember.get(member.id) ?? NOTHING
      member.session.renew(member.sessionTimeoutMs)
      member.answerSync(this.generation.synced(member))
    }
  }

  #drop(late: readonly ClassicMember[]): void {
    if (this.generation.state !== 'CompletingRebalance' && this.generation.state !== 'Stable') return
    for (const { id } of late) this.members.remove(id)
    this.#rebalance.prepare(this.generation.state)
  }

  #endSync(error: Exclude<SyncResult['error'], 'NONE'>): void {
    for (const member of this.members.all.values()) {
      member.assignment = NOTHING
      if (member.awaitingSync === null) continue
      member.session.renew(member.sessionTimeoutMs)
      member.answerSync(refusedSync(error))
    }
  }

  /** Without its record a group comes back as it was before, whose sessions then end again. */
  #persistEmpty(): void {
    try {
      this.#persist()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
    }
  }

  #persist(assignments?: ReadonlyMap<string, Uint8Array>): void {
    this.#context.write(this.id, [this.generation.record(this.id, assignments)])
  }

  /** A member is gone. */
  #changed(): void {
    const { state } = this.generation
    if (state !== 'Empty' && state !== 'Dead') this.#rebalance.prepare(state)
  }

  #sessionEnded(memberId: string): void {
    const member = this.members.get(memberId)
    if (member === undefined) return
    // Who waits for others lives: its session begins again when it is answered.
    if (!member.isNew && (member.awaitingJoin !== null || member.awaitingSync !== null)) return
    this.#remove(memberId)
  }

  #leave({ memberId, instanceId }: LeavingMember): void {
    if (memberId === '') {
      const known = instanceId === null ? undefined : this.members.staticId(instanceId)
      if (known === undefined) throw new ApiError('UNKNOWN_MEMBER_ID')
      return this.#takeOut(known)
    }
    if (this.members.removePending(memberId)) return
    this.#takeOut(this.members.claim(memberId, instanceId).id)
  }

  #remove(memberId: string): void {
    this.#takeOut(memberId)
    this.#changed()
  }

  #takeOut(memberId: string): void {
    const member = this.members.remove(memberId)
    if (member === undefined) return
    this.#rebalance.synced(memberId)
    member.answerJoin(refusedJoin(memberId, 'UNKNOWN_MEMBER_ID'))
    member.answerSync(refusedSync('UNKNOWN_MEMBER_ID'))
  }

  #assertAlive(): void {
    if (this.generation.state === 'Dead') throw new ApiError('COORDINATOR_NOT_AVAILABLE')
  }
}
