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

interface Slot {
  ticket: number
  at: number
  clientId: string
  broker: string
  api: string
  version: number
  correlationId: number
  requestBytes: number
  responseBytes: number
  latencyMs: number
  outcome: string
}

const SLOTS_DEFAULT = 200

/** The last requests to a cluster, in a ring of slots that are made once and written over. */
export class RequestLog {
  readonly #slots: Slot[] = []
  readonly #size: number
  #next = 0

  constructor(size: number = SLOTS_DEFAULT) {
    this.#size = size
  }

  /** Notes a request that was written; the number goes to `answered`. */
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
    if (this.#size === 0) return ticket
    const facts = { ticket, at, clientId, broker, api, version, correlationId, requestBytes }
    const slot = this.#slots[ticket % this.#size]
    if (slot === undefined) this.#slots.push({ ...facts, responseBytes: 0, latencyMs: NaN, outcome: 'waiting' })
    else Object.assign(slot, facts, { responseBytes: 0, latencyMs: NaN, outcome: 'waiting' })
    return ticket
  }

  /** What became of it. A request whose slot was written over since is not noted. */
  ended(ticket: number, latencyMs: number, responseBytes: number, outcome: string): void {
    const slot = this.#slots[ticket % this.#size]
    if (slot?.ticket !== ticket) return
    slot.latencyMs = latencyMs
    slot.responseBytes = responseBytes
    slot.outcome = outcome
  }

  /** Oldest first. */
  read(): LoggedRequest[] {
    return this.#slots.toSorted((a, b) => a.ticket - b.ticket).map(({ ticket: _, ...request }) => request)
  }
}
