import type { Clock } from '@sluice/sdk'

/** Most of a task's records and bytes per second; null: no limit. */
export interface Rates {
  readonly recordsPerSecond: number | null
  readonly bytesPerSecond: number | null
}

/** How much of a rate may be saved up: what a task that rested may catch up at once. */
const BURST_SECONDS = 1

/**
 * Holds a task to its rates. Decided per batch: a batch goes as it is, whatever its size, and those behind it wait until it is paid for, so
 * that over time the rate is kept and no batch has to be cut.
 */
export class RateLimit {
  readonly #buckets: readonly { readonly bucket: Bucket; readonly of: 'records' | 'bytes' }[]

  constructor({ recordsPerSecond, bytesPerSecond }: Rates, clock: Clock) {
    this.#buckets = [
      ...(recordsPerSecond === null ? [] : [{ bucket: new Bucket(recordsPerSecond, clock), of: 'records' as const }]),
      ...(bytesPerSecond === null ? [] : [{ bucket: new Bucket(bytesPerSecond, clock), of: 'bytes' as const }]),
    ]
  }

  /** How long the next batch has to wait, in milliseconds; 0: not at all. */
  waitMs(): number {
    return this.#buckets.reduce((most, { bucket }) => Math.max(most, bucket.waitMs()), 0)
  }

  /** A batch goes. */
  take(records: number, bytes: number): void {
    for (const { bucket, of } of this.#buckets) bucket.take(of === 'records' ? records : bytes)
  }
}

/** A token bucket that may be overdrawn. */
class Bucket {
  readonly #perSecond: number
  readonly #clock: Clock
  #tokens: number
  #at: number

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#tokens = perSecond * BURST_SECONDS
    this.#at = clock.monotonic()
  }

  waitMs(): number {
    this.#fill()
    return this.#tokens > 0 ? 0 : Math.max(1, Math.ceil((-this.#tokens / this.#perSecond) * 1000))
  }

  take(amount: number): void {
    this.#fill()
    this.#tokens -= amount
  }

  #fill(): void {
    const now = this.#clock.monotonic()
    const earned = ((now - this.#at) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#perSecond * BURST_SECONDS, this.#tokens + earned)
    this.#at = now
  }
}
