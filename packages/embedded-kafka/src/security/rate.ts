/** `quota.window.num` samples of `quota.window.size.seconds`. */
export interface RateWindow {
  readonly samples: number
  readonly sampleMs: number
}

/** How much moves in a time, measured over the last samples as Kafka's quotas are. */
export class Rate {
  readonly #window: RateWindow
  /** When each sample began, and what it counted; the oldest first. */
  readonly #began: number[] = []
  readonly #counts: number[] = []
  #total = 0

  constructor(window: RateWindow) {
    this.#window = window
  }

  record(now: number, amount: number): void {
    this.#forget(now)
    const last = this.#began.length - 1
    if (last < 0 || now - this.#began[last]! >= this.#window.sampleMs) {
      this.#began.push(now)
      this.#counts.push(amount)
    } else this.#counts[last]! += amount
    this.#total += amount
  }

  /** How long nothing may move until the rate is within `perSecond` again, in milliseconds. */
  excessMs(now: number, perSecond: number): number {
    this.#forget(now)
    const { samples, sampleMs } = this.#window
    const elapsedMs = now - (this.#began[0] ?? now)
    // Times that have not passed yet count as if they had: a client that begins is not slowed down at once.
    const missing = Math.max(0, samples - 1 - Math.floor(elapsedMs / sampleMs))
    const windowMs = Math.max(sampleMs, elapsedMs + missing * sampleMs)
    const excess = (this.#total * 1000) / windowMs - perSecond
    return excess > 0 ? Math.round((excess / perSecond) * windowMs) : 0
  }

  #forget(now: number): void {
    const { samples, sampleMs } = this.#window
    while (this.#began.length > 0 && now - this.#began[0]! >= samples * sampleMs) {
      this.#began.shift()
      this.#total -= this.#counts.shift()!
    }
  }
}
