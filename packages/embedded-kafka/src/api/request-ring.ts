import type { ApiName } from '@sluice/kafka-protocol'

/** What became of a request. `open`: it waits (a long poll, or a fault that never answers). */
export type RequestOutcome = 'open' | 'answered' | 'unanswered' | 'refused' | 'failed' | 'closed'

/** A request, for failure reports. */
export interface RequestEntry {
  /** Broker time at its arrival, milliseconds since the epoch. */
  readonly time: number
  readonly node: number
  readonly client: number
  readonly clientId: string | null
  readonly api: ApiName
  readonly version: number
  /** Until the answer was encoded; -1 while it is open. */
  latencyMs: number
  outcome: RequestOutcome
  /** Whether a fault changed its course. */
  isIntercepted: boolean
}

/** The last requests, oldest first. */
export class RequestRing {
  readonly #entries: RequestEntry[] = []
  readonly #capacity: number
  #next = 0

  constructor(capacity = 1000) {
    this.#capacity = capacity
  }

  add(entry: RequestEntry): void {
    this.#entries[this.#next] = entry
    this.#next = (this.#next + 1) % this.#capacity
  }

  all(): readonly RequestEntry[] {
    const entries = this.#entries
    return entries.length < this.#capacity
      ? [...entries]
      : [...entries.slice(this.#next), ...entries.slice(0, this.#next)]
  }
}
