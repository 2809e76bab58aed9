import type { Clock } from '@sluice/sdk'

/** How long one of the two windows is that Kafka's metrics look back over (`metrics.sample.window.ms`, `metrics.num.samples`). */
const WINDOW_MS = 30_000

interface Window {
  readonly since: number
  count: number
  sum: number
  min: number
  max: number
}

/**
 * What happened in the last 30 to 60 seconds, as Kafka's own metrics see it. Recorded per batch, never per record; what there is nothing
 * to say of is NaN.
 */
export class Samples {
  readonly #clock: Clock
  #before: Window | null = null
  #now: Window
  #total = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#now = windowFrom(clock.monotonic())
  }

  record(value: number): void {
    this.#turn()
    const window = this.#now
    window.count += 1
    window.sum += value
    window.min = Math.min(window.min, value)
    window.max = Math.max(window.max, value)
    this.#total += value
  }

  /** The sum of everything ever recorded. */
  get total(): number {
    return this.#total
  }

  get avg(): number {
    const windows = this.#windows()
    const count = windows.reduce((all, window) => all + window.count, 0)
    return count === 0 ? Number.NaN : windows.reduce((all, window) => all + window.sum, 0) / count
  }

  get max(): number {
    return finite(Math.max(...this.#windows().map(({ max }) => max)))
  }

  get min(): number {
    return finite(Math.min(...this.#windows().map(({ min }) => min)))
  }

  /** Per second. A first window that has only begun counts as a whole one, as in Kafka. */
  get rate(): number {
    const windows = this.#windows()
    const elapsedMs = Math.max(WINDOW_MS, this.#clock.monotonic() - windows[0]!.since)
    return windows.reduce((all, window) => all + window.sum, 0) / (elapsedMs / 1000)
  }

  #windows(): readonly Window[] {
    this.#turn()
    return this.#before === null ? [this.#now] : [this.#before, this.#now]
  }

  #turn(): void {
    const now = this.#clock.monotonic()
    const age = now - this.#now.since
    if (age < WINDOW_MS) return
    this.#before = age < 2 * WINDOW_MS ? this.#now : null
    this.#now = windowFrom(age < 2 * WINDOW_MS ? this.#now.since + WINDOW_MS : now)
  }
}

function windowFrom(since: number): Window {
  return { since, count: 0, sum: 0, min: Infinity, max: -Infinity }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN
}
