import type { Clock } from '@sluice/sdk'

/** How many of those that come are let through, so that it is not more than so many in a second: evenly from among them. */
export class Sample {
  readonly #perSecond: number
  readonly #clock: Clock
  #allowance: number
  #since: number

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#allowance = Math.max(1, perSecond)
    this.#since = clock.monotonic()
  }

  take<T>(all: readonly T[]): { readonly shown: readonly T[]; readonly left: readonly T[] } {
    const now = this.#clock.monotonic()
    const grown = this.#allowance + ((now - this.#since) / 1000) * this.#perSecond
    this.#allowance = Math.min(grown, Math.max(1, this.#perSecond))
    this.#since = now
    const count = Math.min(all.length, Math.floor(this.#allowance))
    this.#allowance -= count
    if (count === all.length) return { shown: all, left: [] }
    const picked = new Set(Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count)))
    return { shown: all.filter((_, i) => picked.has(i)), left: all.filter((_, i) => !picked.has(i)) }
  }
}
