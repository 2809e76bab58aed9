/** One request as it went: for reports about failures. Never what was in it. */
export interface LoggedRequest {
  /** When it was sent: milliseconds since the epoch. */
  readonly at: number
  readonly clientId: string
  /** As in `broker 1 at kafka:9092`. */
  readonly broker: string
  readonly api: string
  readonly version: number
  readonly correlationId: number
  readonly requestBytes: number
  /** 0 while there is none. */
  readonly responseBytes: number
  /** Until the answer or the end of the connection; NaN while it is under way. */
  readonly latencyMs: number
  /** `waiting`, `answered`, Kafka's name of the error at the head of the answer, or our code for what ended it. */
  readonly outcome: string
}

type Slot = { -readonly [K in keyof LoggedRequest]: LoggedRequest[K] }

const SIZE_DEFAULT = 200

/** The last requests to a cluster, in a ring of slots that are made once and written over. */
export class RequestLog {
  readonly #slots: Slot[] = []
  readonly #size: number
  #next = 0

  constructor(size: number = SIZE_DEFAULT) {
    this.#size = size
  }

  /** Notes a request that was written; the number goes to `ended`. */
  sent(
    at: number,
    clientId: string,
    broker: string,
    api: string,
    version: number,
    correlationId: number,
    requestBytes: number,
  ): number {
    const ticket = this.#next++
    const facts = { at, clientId, broker, api, version, correlationId, requestBytes }
    const open = { responseBytes: 0, latencyMs: NaN, outcome: 'waiting' }
    if (ticket < this.#size) this.#slots.push({ ...facts, ...open })
    else if (this.#size > 0) Object.assign(this.#slots[ticket % this.#size]!, facts, open)
    return ticket
  }

  /** What became of it. A request whose slot was written over since is not noted. */
  ended(ticket: number, latencyMs: number, responseBytes: number, outcome: string): void {
    const slot = ticket < this.#next - this.#size ? undefined : this.#slots[ticket % this.#size]
    if (slot === undefined) return
    slot.latencyMs = latencyMs
    slot.responseBytes = responseBytes
    slot.outcome = outcome
  }

  /** Oldest first. */
  read(): LoggedRequest[] {
    const oldest = this.#next <= this.#size ? 0 : this.#next % this.#size
    return [...this.#slots.slice(oldest), ...this.#slots.slice(0, oldest)].map((slot) => ({ ...slot }))
  }
}
