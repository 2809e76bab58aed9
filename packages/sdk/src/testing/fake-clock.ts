import type { Clock } from '../ports.ts'

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

/**
 * A clock in the test's hand: time stands still until `advance`. With `impatient`, every sleep is over at once and time has
 * moved on by what was slept, so that code which waits can be run without waiting.
 */
export class FakeClock implements Clock {
  #now: number
  #monotonic = 0
  readonly #impatient: boolean
  readonly #sleepers = new Set<Sleeper>()

  constructor(options: { readonly now?: number; readonly impatient?: boolean } = {}) {
    this.#now = options.now ?? 1_700_000_000_000
    this.#impatient = options.impatient ?? false
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** Lets time pass and wakes whoever's sleep is over, in the order of their time. */
  advance(ms: number): void {
    this.#now += ms
    this.#monotonic += ms
    const due = [...this.#sleepers].filter((sleeper) => sleeper.due <= this.#monotonic)
    for (const sleeper of due.toSorted((a, b) => a.due - b.due)) sleeper.wake()
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    if (this.#impatient) {
      this.advance(ms)
      return new Promise((resolve) => void setImmediate(resolve))
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { due: this.#monotonic + ms, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }
}
