import type { BrokerClock, Cancel } from '../clock.ts'

/**
 * A deadline that is moved far more often than it passes, as a member's session is by each heartbeat: moving it is an assignment, and the
 * one timer behind it looks again when it fires too early.
 */
export class Lease {
  readonly #clock: BrokerClock
  readonly #onEnd: () => void
  #due = Infinity
  #timerAt = Infinity
  #cancel: Cancel | null = null

  constructor(clock: BrokerClock, onEnd: () => void) {
    this.#clock = clock
    this.#onEnd = onEnd
  }

  get isRunning(): boolean {
    return this.#due !== Infinity
  }

  /** Ends `ms` from now, whatever was said before. */
  renew(ms: number): void {
    this.#due = this.#clock.now() + ms
    if (this.#due < this.#timerAt) this.#arm()
  }

  cancel(): void {
    this.#due = Infinity
    this.#timerAt = Infinity
    this.#cancel?.()
    this.#cancel = null
  }

  #arm(): void {
    this.#cancel?.()
    this.#timerAt = this.#due
    this.#cancel = this.#clock.schedule(this.#due - this.#clock.now(), () => this.#fired())
  }

  #fired(): void {
    this.#cancel = null
    this.#timerAt = Infinity
    if (this.#due === Infinity) return
    if (this.#due > this.#clock.now()) return this.#arm()
    this.#due = Infinity
    this.#onEnd()
  }
}
