import type { Clock } from '@sluice/sdk'

/** Wakes whoever waits at the moment it rings. */
export class Bell {
  #next = new AbortController()

  ring(): void {
    const ringing = this.#next
    this.#next = new AbortController()
    ringing.abort()
  }

  /** Resolves at the next ring, or after `ms` if that is not Infinity. */
  async rung(clock: Clock, ms = Infinity): Promise<void> {
    const { signal } = this.#next
    if (ms < Infinity) return clock.sleep(Math.max(1, Math.ceil(ms)), signal)
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}
