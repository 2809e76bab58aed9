import type { ApiName } from '@sluice/kafka-protocol'
import type { Clock, SluiceError } from '@sluice/sdk'

/** A request that waits to be written, or for its answer. */
export interface PendingRequest {
  readonly api: ApiName
  readonly version: number
  readonly correlationId: number
  readonly timeoutMs: number
  readonly bytes: number
  frame: readonly Uint8Array[]
  sentAt: number
  deadline: number
  /** Its number in the log of requests. */
  ticket: number
  resolve(body: unknown): void
  reject(error: SluiceError): void
}

/** Requests that were written, in the order of their answers. One timer watches all their deadlines. */
export class Outstanding {
  readonly #requests: PendingRequest[] = []
  readonly #clock: Clock
  readonly #onLate: (request: PendingRequest) => void
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity

  /** `onLate` gets the first request whose deadline has passed; it is outstanding no longer. */
  constructor(clock: Clock, onLate: (request: PendingRequest) => void) {
    this.#clock = clock
    this.#onLate = onLate
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0
  }

  /** The one to be answered next. */
  get first(): PendingRequest | undefined {
    return this.#requests[0]
  }

  add(request: PendingRequest): void {
    this.#requests.push(request)
    this.#wakeAt(request.deadline)
  }

  shift(): PendingRequest | undefined {
    return this.#requests.shift()
  }

  /** Takes everything; deadlines are watched no longer. */
  drain(): PendingRequest[] {
    clearTimeout(this.#timer)
    return this.#requests.splice(0)
  }

  /** Makes sure that somebody looks at the deadlines at the given time. */
  #wakeAt(deadline: number): void {
    if (deadline >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = deadline
    this.#timer = setTimeout(() => this.#look(false), Math.max(1, deadline - this.#clock.monotonic()))
  }

  #look(isAfterIo: boolean): void {
    this.#timerAt = Infinity
    this.#timer = undefined
    let earliest = Infinity
    for (const { deadline } of this.#requests) earliest = Math.min(earliest, deadline)
    if (earliest === Infinity) return
    if (earliest > this.#clock.monotonic()) return this.#wakeAt(earliest)
    // Timers come before sockets. What arrived while JavaScript did not yield is read first, then it is judged who is late.
    if (!isAfterIo) return void setImmediate(() => this.#look(true))
    const late = this.#requests.findIndex(({ deadline }) => deadline === earliest)
    this.#onLate(this.#requests.splice(late, 1)[0]!)
  }
}
