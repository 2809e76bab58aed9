import type { Clock } from '@sluice/sdk'

/** Wakes whoever waits at the moment it rings. */
export class Bell {
  #next = new AbortController()

  ring(): void {
    const ringing = this.#next
    this.#next = new AbortController()
    // Without a reason of its own an error would be made for it, with a stack, which is what an idle process would do most.
    ringing.abort(null)
  }

  /** Resolves at the next ring, or after `ms` if that is not Infinity. */
  async rung(clock: Clock, ms = Infinity): Promise<void> {
    const { signal } = this.#next
    if (ms < Infinity) return clock.sleep(Math.max(1, Math.ceil(ms)), signal)
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}
