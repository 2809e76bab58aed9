import type { Cancel } from '../clock.ts'
import type { ClassicState } from './classic-generation.ts'
import type { ClassicMember } from './classic-member.ts'
import type { ClassicMembers } from './classic-members.ts'
import type { GroupContext } from './group.ts'

/** What the group does at the turns of a rebalance. */
export interface RebalanceSteps {
  enter(state: ClassicState): void
  /** Ends what members wait for in the generation before. */
  interrupt(): void
  /** Everybody who comes has come. */
  begin(): void
  /** Somebody has not sent the SyncGroup in time. */
  drop(members: readonly ClassicMember[]): void
}

/**
 * The waits of a classic rebalance. It waits until all known members have joined again, at most the longest of their rebalance
 * time-outs; a group's first rebalance waits a little for others instead (KIP-134); and a new generation waits as long for SyncGroup.
 */
export class Rebalance {
  readonly #members: ClassicMembers
  readonly #context: GroupContext
  readonly #steps: RebalanceSteps
  #isInitial = false
  #hasNewcomer = false
  #join: Cancel | null = null
  #sync: Cancel | null = null
  readonly #awaitingSync = new Set<string>()

  constructor(members: ClassicMembers, context: GroupContext, steps: RebalanceSteps) {
    this.#members = members
    this.#context = context
    this.#steps = steps
  }

  /** From any state but Dead. */
  prepare(from: ClassicState): void {
    if (from === 'PreparingRebalance') return this.maybeComplete()
    if (from === 'CompletingRebalance') this.#steps.interrupt()
    this.#forgetSync()
    this.#isInitial = from === 'Empty'
    this.#steps.enter('PreparingRebalance')
    const timeoutMs = this.#members.rebalanceTimeoutMs()
    if (!this.#isInitial) {
      this.#schedule(timeoutMs)
      return this.maybeComplete()
    }
    const delayMs = this.#context.setting('group.initial.rebalance.delay.ms')
    if (delayMs === 0) this.#complete()
    else this.#delay(delayMs, delayMs, Math.max(timeoutMs - delayMs, 0))
  }

  /** A member has come, or one that was waited for has gone. */
  maybeComplete(): void {
    if (!this.#isInitial && this.#members.hasAllJoined) this.#complete()
  }

  /** A newcomer makes the wait of a first rebalance longer. */
  welcome(): void {
    this.#hasNewcomer = true
  }

  /** A generation has begun: its members have a rebalance time-out to sync. */
  expectSync(): void {
    for (const id of this.#members.all.keys()) this.#awaitingSync.add(id)
    this.#sync = this.#context.clock.schedule(this.#members.rebalanceTimeoutMs(), () => {
      this.#sync = null
      const late = [...this.#awaitingSync].flatMap((id) => this.#members.get(id) ?? [])
      this.#awaitingSync.clear()
      if (late.length > 0) this.#steps.drop(late)
    })
  }

  synced(memberId: string): void {
    this.#awaitingSync.delete(memberId)
    if (this.#awaitingSync.size === 0) this.#forgetSync()
  }

  stop(): void {
    this.#join?.()
    this.#join = null
    this.#forgetSync()
  }

  #complete(): void {
    this.#join?.()
    this.#join = null
    for (const member of this.#members.all.values()) {
      // A static member keeps its place until its session ends.
      if (member.awaitingJoin === null && member.instanceId === null) this.#members.remove(member.id)
    }
    if (this.#members.size > 0 && !this.#members.electJoinedLeader()) {
      // Only static members that did not come are left: their sessions decide.
      return this.#schedule(this.#members.rebalanceTimeoutMs())
    }
    this.#isInitial = false
    this.#steps.begin()
  }

  #schedule(delayMs: number): void {
    this.#join?.()
    this.#join = this.#context.clock.schedule(delayMs, () => this.#complete())
  }

  #delay(eachMs: number, delayMs: number, remainingMs: number): void {
    this.#join = this.#context.clock.schedule(delayMs, () => {
      if (!this.#hasNewcomer || remainingMs === 0) return this.#complete()
      this.#hasNewcomer = false
      this.#delay(eachMs, Math.min(eachMs, remainingMs), Math.max(remainingMs - delayMs, 0))
    })
  }

  #forgetSync(): void {
    this.#sync?.()
    this.#sync = null
    this.#awaitingSync.clear()
  }
}
