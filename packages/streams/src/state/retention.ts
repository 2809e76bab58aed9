/**
 * What time is forgotten. A store's time is the latest that was put into it; what lies at or before that less the retention is neither
 * taken nor returned. Engines are told to let go of it a segment at a time.
 */

import type { Counter } from './tables.ts'

/** How long segments are, as in Kafka Streams: half of the retention, and at least a minute. */
export function segmentMsOf(retentionMs: number): number {
  return Math.max(Math.floor(retentionMs / 2), 60_000)
}

/**
 * How long they are in memory, where a segment takes more room the longer it outlives its first entries, and each one has to be looked
 * into: a quarter of the retention, and at least 10 s.
 */
export function memorySegmentMsOf(retentionMs: number): number {
  return Math.max(Math.floor(retentionMs / 4), 10_000)
}

/** What has expired is let go of this many times in the time that is kept. */
const EXPIRIES = 32

export class Retention {
  readonly #retentionMs: number
  readonly #everyMs: number
  readonly #expire: (before: number) => void
  readonly #time: Counter
  #nextExpiry = -Infinity

  constructor(retentionMs: number, time: Counter, expire: (before: number) => void) {
    this.#retentionMs = retentionMs
    this.#everyMs = retentionMs / EXPIRIES
    this.#expire = expire
    this.#time = time
  }

  /** Moves the store's time on. False: this is too old. */
  takes(time: number): boolean {
    if (time > this.#time.value) this.#advance(time)
    return time >= this.oldest
  }

  /** The latest time that was put into the store; -Infinity before the first. */
  get time(): number {
    return this.#time.value
  }

  /** The earliest time that is kept. */
  get oldest(): number {
    return this.#time.value - this.#retentionMs + 1
  }

  #advance(time: number): void {
    this.#time.value = time
    if (time < this.#nextExpiry) return
    if (this.#nextExpiry !== -Infinity) this.#expire(this.oldest)
    this.#nextExpiry = time + this.#everyMs
  }
}
