import type { Clock, Random } from '@sluice/sdk'

/** When records are due. What is late by more than a second is not made up for: a source that stood still does not flood. */
export interface Pace {
  /** How many are due now, at most `most`. Waits for up to a second until one is; 0: it was none, or the signal was aborted. */
  due(most: number, signal: AbortSignal): Promise<number>
  /** So many of those that were due were made. */
  made(count: number): void
}

const WAIT_MAX_MS = 1000

/** As many as can be. */
export const unpaced: Pace = {
  due: async (most, signal) => (signal.aborted ? 0 : most),
  made: () => undefined,
}

/** The same number each second, evenly. */
export class RatePace implements Pace {
  readonly #gapMs: number
  readonly #clock: Clock
  #nextAt: number

  constructor(perSecond: number, clock: Clock) {
    this.#gapMs = 1000 / perSecond
    this.#clock = clock
    this.#nextAt = clock.monotonic()
  }

  async due(most: number, signal: AbortSignal): Promise<number> {
    if (!(await waited(this.#nextAt, this.#clock, signal))) return 0
    const now = this.#clock.monotonic()
    this.#nextAt = Math.max(this.#nextAt, now - WAIT_MAX_MS)
    return Math.min(most, Math.floor((now - this.#nextAt) / this.#gapMs) + 1)
  }

  made(count: number): void {
    this.#nextAt += count * this.#gapMs
  }
}

/** Each so long after the one before as chance will have it, up to a longest time. */
export class IntervalPace implements Pace {
  readonly #intervalMaxMs: number
  readonly #clock: Clock
  readonly #random: Random
  /** Of those that are next, in order. */
  readonly #dueAt: number[] = []
  #lastAt: number

  constructor(intervalMaxMs: number, clock: Clock, random: Random) {
    this.#intervalMaxMs = intervalMaxMs
    this.#clock = clock
    this.#random = random
    this.#lastAt = clock.monotonic()
  }

  async due(most: number, signal: AbortSignal): Promise<number> {
    if (!(await waited(this.#at(0), this.#clock, signal))) return 0
    const now = this.#clock.monotonic()
    this.#forgive(now - WAIT_MAX_MS - this.#at(0))
    let count = 0
    while (count < most && this.#at(count) <= now) count++
    return count
  }

  made(count: number): void {
    this.#dueAt.splice(0, count)
  }

  /** All that is due is due so much later. */
  #forgive(ms: number): void {
    if (ms <= 0) return
    for (let i = 0; i < this.#dueAt.length; i++) this.#dueAt[i]! += ms
    this.#lastAt += ms
  }

  #at(index: number): number {
    while (this.#dueAt.length <= index) {
      this.#lastAt += this.#random.next() * this.#intervalMaxMs
      this.#dueAt.push(this.#lastAt)
    }
    return this.#dueAt[index]!
  }
}

/** Whether the time has come, waiting for it for up to a second. */
async function waited(at: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const ms = at - clock.monotonic()
  if (ms > 0) await clock.sleep(Math.min(WAIT_MAX_MS, Math.ceil(ms)), signal)
  return !signal.aborted && clock.monotonic() >= at
}
