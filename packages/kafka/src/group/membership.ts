import type { SluiceError } from '@sluice/sdk'
import type { GroupIdentity } from '../port.ts'
import type { GroupAssignment } from './group-port.ts'
import { fencedBecause, memberClosed, notInGroup, rebalanceInProgress } from './partings.ts'

/**
 * Where a member stands with its coordinator:
 *
 *     unjoined ── join ──► joining ── JoinGroup answered ──► syncing ── SyncGroup answered ──► stable
 *        ▲                    │                                 │                                │ rejoin ─► joining
 *        └── given up, refused, fenced, silent for too long ────┴────────────────────────────────┘
 *
 * Under the `consumer` protocol there is no syncing: the first heartbeat answered makes a member stable.
 */
export type MemberState = 'unjoined' | 'joining' | 'syncing' | 'stable'

/** What is to be done next; each is reported back by the method named. */
export type Step =
  | 'wait'
  /** Call `onLost`: `releasing`, `released`. */
  | 'lose'
  /** Call `onRevoked`: `releasing`, `released`. */
  | 'revoke'
  /** Call `onAssigned`: `takeOver`, `tookOver`. */
  | 'hand over'
  /** `startJoin`, then `named`, `joined` and `synced`, or what went wrong. */
  | 'join'
  /** Tell the coordinator: `depart`, `left`. */
  | 'leave'
  | 'end'

/** The decisions of a member of a group. No I/O and no time: what happened goes in, what to do next comes out. */
export class Membership {
  readonly #groupId: string
  readonly #instanceId: string | null
  #state: MemberState = 'unjoined'
  #memberId = ''
  #generationId = -1
  #attempt = 0
  #tenure = 0
  #isEager = true
  /** Assigned, but the caller does not know yet. */
  #assigned: GroupAssignment | undefined
  #isTaking = false
  /** Whether the caller works on something that has not been taken back. */
  #isHolding = false
  #isReleasing = false
  #lost: SluiceError | undefined
  #failure: SluiceError | undefined
  #rejoin: string | undefined
  #leaving: string | undefined
  #isResting = false
  #isClosing = false

  constructor(groupId: string, instanceId: string | null) {
    this.#groupId = groupId
    this.#instanceId = instanceId
  }

  get state(): MemberState {
    return this.#state
  }

  /** Grows whenever the place is taken away: what was asked before means nothing after. */
  get attempt(): number {
    return this.#attempt
  }

  /** Grows whenever what was held is given up or taken away: who has held something since before holds nothing of it now. */
  get tenure(): number {
    return this.#tenure
  }

  /** Whether the coordinator counts this member among the group, so that it expects heartbeats. */
  get isInGroup(): boolean {
    return this.#state === 'syncing' || this.#state === 'stable'
  }

  /** Whether what was assigned last may be worked on. */
  get isOwner(): boolean {
    return this.#isHolding && !this.#isReleasing && this.#lost === undefined
  }

  /** Why what is held, or was about to be, is lost. */
  get lost(): SluiceError | undefined {
    return this.#lost
  }

  /** What ended the membership for good. */
  get failure(): SluiceError | undefined {
    return this.#failure
  }

  get leaving(): string | undefined {
    return this.#leaving
  }

  /** The place as the coordinator knows it, whether or not anything may be done in its name. */
  get place(): GroupIdentity {
    const [groupId, generationId, memberId] = [this.#groupId, this.#generationId, this.#memberId]
    return { groupId, generationId, memberId, instanceId: this.#instanceId }
  }

  /**
   * The place, if something may be done in its name. Whoever keeps what it holds while it joins again may go on in the generation
   * that it has: the coordinator accepts it until all have joined, and nothing of it afterwards (Java's members pause meanwhile).
   */
  identity(): GroupIdentity {
    const why = this.#failure ?? this.#lost
    if (why !== undefined) throw fencedBecause(this.#groupId, why)
    if (this.#state === 'stable' || this.#isKeeping) return this.place
    if (this.#isClosing) throw memberClosed(this.#groupId)
    throw this.#rejoin === undefined && this.#state === 'unjoined'
      ? notInGroup(this.#groupId)
      : rebalanceInProgress(this.#groupId)
  }

  next(): Step {
    if (this.#lost !== undefined && this.#isHolding) return 'lose'
    if (this.#leaving !== undefined) return this.#isHolding ? 'revoke' : 'leave'
    if (this.#failure !== undefined || this.#isClosing) return 'end'
    if (this.#assigned !== undefined) return 'hand over'
    if (this.#rejoin === undefined) return 'wait'
    return this.#isHolding && this.#isEager ? 'revoke' : 'join'
  }

  /** Not once the others are known to have joined: then the coordinator wants to hear nothing before it has shared out. */
  get #isKeeping(): boolean {
    return this.#isHolding && this.#generationId >= 0 && this.#state !== 'syncing'
  }

  /** The first reason stands until a join starts. One who goes does not come back by the way. */
  requestJoin(reason: string): void {
    if (this.#failure === undefined && this.#leaving === undefined && !this.#isClosing) this.#rejoin ??= reason
  }

  startJoin(): string {
    const reason = this.#rejoin ?? ''
    this.#rejoin = undefined
    this.#isResting = false
    this.#state = 'joining'
    return reason
  }

  /** KIP-394: a member id first, then a place. */
  named(memberId: string): void {
    this.#memberId = memberId
    this.joinFailed(`need to re-join with the given member-id: ${memberId}`)
  }

  joined(memberId: string, generationId: number): void {
    this.#memberId = memberId
    this.#generationId = generationId
    this.#state = 'syncing'
  }

  synced(assignment: GroupAssignment, isCooperative: boolean): void {
    this.#generationId = assignment.generationId
    this.#state = 'stable'
    this.#isEager = !isCooperative
    this.#assigned = assignment
  }

  /** Under the `consumer` protocol the epoch grows between assignments too. */
  advanced(memberEpoch: number): void {
    this.#generationId = memberEpoch
  }

  /** A join came to nothing; the place, if there was one, may still be there. */
  joinFailed(reason: string): void {
    this.#state = 'unjoined'
    this.requestJoin(reason)
  }

  takeOver(): GroupAssignment {
    const assignment = this.#assigned!
    this.#assigned = undefined
    this.#isTaking = true
    return assignment
  }

  tookOver(): void {
    this.#isTaking = false
    this.#isHolding = true
  }

  releasing(): void {
    this.#isReleasing = true
  }

  released(): void {
    this.#isReleasing = false
    this.#isHolding = false
    this.#tenure++
    this.#lost = undefined
  }

  /** The place is gone; the member takes a new one. */
  lose(cause: SluiceError, keepsMemberId: boolean): void {
    this.#giveUp(cause, keepsMemberId)
    this.requestJoin('the member has lost its place')
  }

  /** The member has given its place up because its caller is stuck; it comes back when the caller is heard of again. */
  rest(cause: SluiceError): void {
    this.#giveUp(cause, false)
    this.#rejoin = undefined
    this.#isResting = true
  }

  /** The caller is heard of. Returns whether that changes anything. */
  revive(): boolean {
    if (!this.#isResting) return false
    this.#isResting = false
    this.requestJoin('the caller polls again')
    return true
  }

  /** For good. `tells`: the coordinator does not know of it yet. */
  fail(cause: SluiceError, tells: boolean): void {
    this.#failure ??= cause
    this.#rejoin = undefined
    this.#giveUp(cause, tells)
    if (tells) this.#leaving ??= 'the member has failed'
  }

  leave(reason: string): void {
    this.#leaving ??= reason
    this.#rejoin = undefined
    this.#assigned = undefined
    this.#isResting = false
  }

  close(): void {
    this.leave('the member is closing')
    this.#isClosing = true
  }

  /** Gives the place up, before the coordinator is told: no heartbeat may follow the farewell. Returns what it was. */
  depart(): GroupIdentity {
    const { place } = this
    this.#giveUp(undefined, false)
    return place
  }

  left(): void {
    this.#leaving = undefined
  }

  #giveUp(cause: SluiceError | undefined, keepsMemberId: boolean): void {
    this.#attempt++
    this.#tenure++
    this.#state = 'unjoined'
    this.#generationId = -1
    if (!keepsMemberId) this.#memberId = ''
    this.#assigned = undefined
    if (this.#isHolding || this.#isTaking) this.#lost ??= cause
  }
}
