import type { Clock } from '@sluice/sdk'
import { sharedPause, untilShared } from '../shared-moments.ts'

const FIRST_MS = 5
const SOON_MS = 250
/** From then on sources of one process are asked at the same moments; those that had nothing for long, once a second all together. */
const TOGETHER_MS = 250
const MAX_MS = 1000
/** … of the time for which there was nothing. */
const SHARE = 0.1

/**
 * How long a source that has nothing is left alone before it is asked again: at first next to nothing, then a quarter of a second, and when
 * nothing came for long a tenth of that, a second at most, as Kafka Connect's own file source waits. Fifty idle sources then cost what
 * a few did.
 */
export class IdlePause {
  readonly #clock: Clock
  #since: number | null = null
  #nextMs = FIRST_MS

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** There was something. */
  over(): void {
    this.#since = null
    this.#nextMs = FIRST_MS
  }

  /** There was nothing, in a poll of so long: a source that waits by itself need not wait once more. In ms. */
  next(polledMs: number): number {
    const pauseMs = this.#next()
    return polledMs < FIRST_MS ? pauseMs : Math.max(0, pauseMs - polledMs)
  }

  #next(): number {
    this.#since ??= this.#clock.monotonic()
    const now = this.#clock.monotonic()
    const soonMs = this.#nextMs
    this.#nextMs = Math.min(soonMs * 2, SOON_MS)
    if (soonMs < SOON_MS) return soonMs
    const pauseMs = Math.max(soonMs, Math.min((now - this.#since) * SHARE, MAX_MS))
    return pauseMs < MAX_MS ? sharedPause(pauseMs, TOGETHER_MS, now) : untilShared(MAX_MS, now)
  }
}
