/** When a cell is ended from outside. Pure: it is told what was heard, and when. */

export interface WatchLimits {
  readonly heartbeatIntervalMs: number
  /** The event loop has not turned for so long: told. */
  readonly stallWarnMs: number
  /** … and this long: the cell is ended. */
  readonly stallMaxMs: number
  /** Resident memory of a cell above which it is ended. Half of it is the limit of its JavaScript heap. */
  readonly memoryMaxBytes: number
  /** A call of a connector that has not come back for so long, or a task that gave no sign of life: told. */
  readonly stuckWarnMs: number
}

export const WATCH_LIMITS: WatchLimits = {
  heartbeatIntervalMs: 1_000,
  stallWarnMs: 5_000,
  stallMaxMs: 30_000,
  memoryMaxBytes: 1_073_741_824,
  stuckWarnMs: 60_000,
}

export type WatchVerdict =
  | { readonly type: 'well' }
  | { readonly type: 'stalling'; readonly forMs: number }
  | { readonly type: 'stalled'; readonly forMs: number }
  | { readonly type: 'too-large'; readonly residentBytes: number }

/**
 * Counts the time for which a cell owes an answer to a ping. Time in which the supervisor itself stood still counts little: each look adds
 * at most two intervals, so that nobody is ended for somebody else's sleep.
 */
export class Watchdog {
  readonly #limits: WatchLimits
  #lookedAt: number
  #isOwed = false
  #stalledMs = 0
  #isWarned = false
  #large = 0

  constructor(limits: WatchLimits, now: number) {
    this.#limits = limits
    this.#lookedAt = now
  }

  /** To be told when a ping was sent that had been answered before. */
  pinged(): void {
    this.#isOwed = true
  }

  get isOwed(): boolean {
    return this.#isOwed
  }

  ponged(): void {
    this.#isOwed = false
    this.#stalledMs = 0
    this.#isWarned = false
  }

  /** Once per interval. `residentBytes` null: not known. Stalling is said once per stall. */
  look(now: number, residentBytes: number | null): WatchVerdict {
    const { heartbeatIntervalMs, stallWarnMs, stallMaxMs, memoryMaxBytes } = this.#limits
    const elapsed = Math.min(now - this.#lookedAt, 2 * heartbeatIntervalMs)
    this.#lookedAt = now
    if (this.#isOwed) this.#stalledMs += elapsed
    // Twice in a row: a peak that the next collection takes away is nobody's fault.
    this.#large = residentBytes !== null && residentBytes > memoryMaxBytes ? this.#large + 1 : 0
    const isHuge = residentBytes !== null && residentBytes > memoryMaxBytes * 1.5
    if (this.#large >= 2 || isHuge) return { type: 'too-large', residentBytes: residentBytes! }
    const forMs = this.#stalledMs
    if (forMs >= stallMaxMs) return { type: 'stalled', forMs }
    if (forMs < stallWarnMs || this.#isWarned) return { type: 'well' }
    this.#isWarned = true
    return { type: 'stalling', forMs }
  }
}
