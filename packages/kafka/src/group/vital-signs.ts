import { SettingsCheck } from '../settings.ts'
import { Bell } from './bell.ts'
import type { MembershipTimes } from './group-port.ts'

/** What is to be done about time, and until when nothing is. */
export type Due = 'heartbeat' | 'session over' | 'poll over' | 'nothing'

export const DEFAULT_TIMES: Required<MembershipTimes> = {
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 3_000,
  rebalanceTimeoutMs: 300_000,
}

/** When a member was heard of by its coordinator, and its caller by the member. All times are monotonic milliseconds. */
export class VitalSigns {
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Under the `consumer` protocol the broker changes it. */
  heartbeatIntervalMs: number
  /** Rings when something may be due earlier than it was. */
  readonly changed: Bell = new Bell()
  /** When the last request was sent that the coordinator has answered well: it got it no earlier than that. */
  #confirmedAt = -Infinity
  #beatAt = Infinity
  #isBeating = false
  #isHurried = false
  #polledAt = -Infinity
  #yieldedAt = -Infinity

  constructor(times: MembershipTimes) {
    const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = { ...DEFAULT_TIMES, ...times }
    const check = new SettingsCheck('a group member')
    check.whole({ sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs }, 1)
    check.done()
    this.sessionTimeoutMs = sessionTimeoutMs
    this.heartbeatIntervalMs = heartbeatIntervalMs
    this.rebalanceTimeoutMs = rebalanceTimeoutMs
  }

  polled(now: number): void {
    this.#polledAt = now
  }

  /** JavaScript has yielded: a timer has fired. */
  yielded(now: number): void {
    this.#yieldedAt = now
  }

  /**
   * Whether no timer has fired for a whole session. While a join is under way the coordinator expects no heartbeats, but it may have
   * answered meanwhile, and have expected them since.
   */
  wasStarved(now: number): boolean {
    return now - this.#yieldedAt >= this.sessionTimeoutMs
  }

  /** The coordinator has taken a request that was sent at this time. */
  confirmed(sentAt: number): void {
    this.#confirmedAt = Math.max(this.#confirmedAt, sentAt)
    this.#beatAt = this.#confirmedAt + this.heartbeatIntervalMs
    this.changed.ring()
  }

  beatStarted(): void {
    this.#isBeating = true
  }

  /** Answered or not: the next one is due at the time given. */
  beatEnded(nextAt: number): void {
    this.#isBeating = false
    this.#beatAt = this.#isHurried ? -Infinity : nextAt
    this.#isHurried = false
    this.changed.ring()
  }

  /** There is news for the coordinator: a heartbeat is due now, or as soon as the one under way has ended. */
  hurry(): void {
    if (this.#isBeating) this.#isHurried = true
    else this.#beatAt = -Infinity
    this.changed.ring()
  }

  isSessionOver(now: number): boolean {
    return now - this.#confirmedAt >= this.sessionTimeoutMs
  }

  /** What is due for a member of a group. */
  due(now: number): Due {
    if (this.isSessionOver(now)) return 'session over'
    if (now - this.#polledAt >= this.rebalanceTimeoutMs) return 'poll over'
    return !this.#isBeating && now >= this.#beatAt ? 'heartbeat' : 'nothing'
  }

  /** When to look again if nothing is due. */
  nextAt(): number {
    const ends = Math.min(this.#confirmedAt + this.sessionTimeoutMs, this.#polledAt + this.rebalanceTimeoutMs)
    return this.#isBeating ? ends : Math.min(ends, this.#beatAt)
  }
}
