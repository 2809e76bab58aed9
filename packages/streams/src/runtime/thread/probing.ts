import { NEVER } from '../../assignment/assignment-info.ts'
import type { Clock } from '@sluice/sdk'

/** Joins the group again while tasks wait for state that is warmed up here: when the leader has said, or when it is warm. */
export class Probing {
  readonly #clock: Clock
  readonly #rejoin: (reason: string) => void
  /** Of the rebalance that is planned; null: none is. */
  #planned: AbortController | null = null
  #count = 0
  #isClosed = false

  constructor(clock: Clock, rejoin: (reason: string) => void) {
    this.#clock = clock
    this.#rejoin = rejoin
  }

  /** How often it has joined again, modulo 128: what makes a subscription a new one. */
  get count(): number {
    return this.#count
  }

  /** What the leader has said: a time in milliseconds since the epoch, or `NEVER`. */
  plan(nextRebalanceMs: number): void {
    this.#cancel()
    if (nextRebalanceMs === NEVER || this.#isClosed) return
    const planned = (this.#planned = new AbortController())
    const waitMs = Math.max(0, nextRebalanceMs - this.#clock.now())
    void this.#wait(waitMs, planned.signal)
  }

  caughtUp(): void {
    if (this.#planned !== null) this.#now('State has been warmed up')
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  async #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(waitMs, signal)
    if (!signal.aborted) this.#now('Time to see whether state has been warmed up')
  }

  #cancel(): void {
    this.#planned?.abort(null)
    this.#planned = null
  }

  #now(reason: string): void {
    this.#cancel()
    this.#count = (this.#count + 1) % 128
    this.#rejoin(reason)
  }
}
