import type { Clock } from '@sluice/sdk'

/** How many things may be made at a rate per second, counted from the beginning (`ThroughputThrottler`). */
export class Throughput {
  readonly #perSecond: number
  readonly #clock: Clock
  readonly #startedAt: number
  #made = 0

  /** @param perSecond below 0: no limit; 0: none at all */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  /** Waits for at most a second until one may be made. How many may be, at most `most`: they count as made. */
  async take(most: number, signal: AbortSignal): Promise<number> {
    if (signal.aborted) return 0
    if (this.#perSecond < 0) return most
    if (this.#due() < 1) await this.#clock.sleep(this.#untilNextMs(), signal)
    const count = Math.max(0, Math.min(most, Math.floor(this.#due())))
    this.#made += count
    return count
  }

  #due(): number {
    return ((this.#clock.monotonic() - this.#startedAt) / 1000) * this.#perSecond - this.#made
  }

  #untilNextMs(): number {
    return this.#perSecond === 0 ? 1000 : Math.min(1000, Math.ceil(((1 - this.#due()) / this.#perSecond) * 1000))
  }
}
