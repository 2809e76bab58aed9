import type { Clock } from '@sluice/sdk'

/** A clock that stands until it is moved. */
export class HeldClock implements Clock {
  #now: number
  #elapsed = 0
  #sleepers: { readonly until: number; readonly wake: () => void }[] = []

  constructor(nowMs: number = 0) {
    this.#now = nowMs
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#elapsed
  }

  /** Moves on, and wakes whoever slept for that long. */
  advance(ms: number): void {
    this.#now += ms
    this.#elapsed += ms
    const due = this.#sleepers.filter(({ until }) => until <= this.#elapsed)
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#elapsed)
    for (const { wake } of due) wake()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted === true) return Promise.resolve()
    return new Promise((resolve) => {
      const until = this.#elapsed + ms
      const sleeper = { until, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener(
        'abort',
        () => {
          this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
          resolve()
        },
        { once: true },
      )
    })
  }
}
