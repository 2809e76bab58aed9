import type { BrokerClock } from '../clock.ts'
import type { OwnRecord } from '../broker.ts'
import type { ClassicMember } from './classic-member.ts'
import { ClassicMembers } from './classic-members.ts'
import { type JoinResult, type MemberProtocol, NOTHING, type SyncResult } from './classic-requests.ts'
import { groupRecord } from './records.ts'

/**
 * `Empty` has no members, `PreparingRebalance` waits for them to join, `CompletingRebalance` for the leader's assignment, `Stable` is at
 * work, `Dead` has been deleted.
 */
export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

/** Where a classic group stands: its members, what they agreed on, and what is told and written of it. */
export class ClassicGeneration {
  readonly members = new ClassicMembers()
  readonly #clock: BrokerClock
  #state: ClassicState = 'Empty'
  number = 0
  /** `consumer`, `connect` …; null in a group that has never had members. */
  protocolType: string | null = null
  /** The one that the members chose; null without members. */
  protocolName: string | null = null
  /** What a `consumer` group reads; null where that cannot be known. */
  subscribedTopics: ReadonlySet<string> | null = null
  /** When the state was entered, in milliseconds; -1 if unknown. */
  stateTimestamp: number

  constructor(clock: BrokerClock) {
    this.#clock = clock
    this.stateTimestamp = clock.now()
  }

  get state(): ClassicState {
    return this.#state
  }

  get isEmpty(): boolean {
    return this.#state === 'Empty' || this.#state === 'Dead'
  }

  enter(state: ClassicState): void {
    this.#state = state
    this.stateTimestamp = this.#clock.now()
  }

  /** The next generation, of the members that there are. Whether there are none. */
  begin(): boolean {
    const isEmpty = this.members.size === 0
    this.number++
    this.protocolName = isEmpty ? null : this.members.selectProtocol()
    this.#subscribe()
    this.enter(isEmpty ? 'Empty' : 'CompletingRebalance')
    return isEmpty
  }

  /** Whether a joining member may be one of them. */
  hasRoomFor(memberId: string, sizeMax: number): boolean {
    if (this.isEmpty) return true
    const member = this.members.get(memberId)
    if (this.#state !== 'PreparingRebalance') return member !== undefined || this.members.size < sizeMax
    return (member !== undefined && member.awaitingJoin !== null) || this.members.awaitingJoin < sizeMax
  }

  /** Whether the members speak what a joining one does; the first one says what is spoken. */
  isSpokenBy(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.members.size === 0) return protocolType !== '' && protocols.length > 0
    return protocolType === this.protocolType && this.members.supports(protocols)
  }

  /** The answer to a member of this generation; `hasMembers` for who assigns. */
  joined(member: ClassicMember, hasMembers: boolean): JoinResult {
    const others = hasMembers ? [...this.members.all.values()] : []
    return {
      error: 'NONE',
      memberId: member.id,
      generation: this.number,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leader: this.members.leader ?? '',
      isAssignmentSkipped: false,
      members: others.map((other) => ({
        id: other.id,
        instanceId: other.instanceId,
        metadata: other.metadata(this.protocolName),
      })),
    }
  }

  synced({ assignment }: ClassicMember): SyncResult {
    return { error: 'NONE', protocolType: this.protocolType, protocolName: this.protocolName, assignment }
  }

  /** The group as it is written; with new assignments, as it will be. */
  record(group: string, assignments?: ReadonlyMap<string, Uint8Array>): OwnRecord {
    const members = Array.from(this.members.all.values(), (member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.metadata(this.protocolName),
      assignment: assignments === undefined ? member.assignment : (assignments.get(member.id) ?? NOTHING),
    }))
    const value = {
      protocolType: this.protocolType ?? '',
      generation: this.number,
      protocol: this.protocolName,
      leader: this.members.leader,
      currentStateTimestamp: this.stateTimestamp,
      members,
    }
    return groupRecord('classicGroup', { group }, value)
  }

  /** Takes over what a record says but for the members, which have been added. */
  restored(number: number, protocolName: string | null, leader: string | null, stateTimestamp: number): void {
    this.number = number
    this.protocolName = protocolName
    if (leader !== null) this.members.leader = leader
    this.#state = this.members.size === 0 ? 'Empty' : 'Stable'
    this.stateTimestamp = stateTimestamp
    this.#subscribe()
  }

  #subscribe(): void {
    this.subscribedTopics = this.protocolType === 'consumer' ? this.members.subscribedTopics(this.protocolName) : null
  }
}
