import type { Cancel } from '../clock.ts'
import type { Broker, Client } from '../broker.ts'
import type { FetchPartition } from './fetch-partition.ts'
import type { FetchSession } from './fetch-session.ts'

/**
 * The wait of a fetch that found too little: ends by an append to one of its partitions, by its deadline, or with its client. Appends of
 * one turn of the event loop wake it once, so that a produce request for many partitions is one answer.
 */
export class FetchWait {
  readonly #client: Client
  readonly #cancelDeadline: Cancel
  readonly #stopWatching: () => void
  readonly #onClosed = () => this.#end()
  #resolve: (() => void) | undefined
  #isWoken = false
  #isOver = false

  constructor(
    source: FetchSession | readonly FetchPartition[],
    maxWaitMs: number,
    client: Client,
    { clock }: Pick<Broker, 'clock'>,
  ) {
    this.#client = client
    this.#cancelDeadline = clock.schedule(maxWaitMs, () => this.#end())
    client.closed.addEventListener('abort', this.#onClosed)
    if (client.closed.aborted) this.#isOver = true
    const wake = () => this.#wake()
    if ('onMark' in source) {
      source.onMark(wake)
      source.watchPending()
      this.#stopWatching = () => source.onMark(undefined)
    } else {
      for (const partition of source) partition.watch(wake)
      this.#stopWatching = () => {
        for (const partition of source) partition.unwatch()
      }
    }
  }

  /** Whether the deadline has passed or the client is gone. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Resolves at the next append, or when it is over. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOver || this.#isWoken) {
        this.#isWoken = false
        resolve()
      } else this.#resolve = resolve
    })
  }

  stop(): void {
    this.#cancelDeadline()
    this.#client.closed.removeEventListener('abort', this.#onClosed)
    this.#stopWatching()
  }

  #wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    if (this.#resolve !== undefined) queueMicrotask(() => this.#settle())
  }

  #end(): void {
    this.#isOver = true
    this.#settle()
  }

  #settle(): void {
    const resolve = this.#resolve
    if (resolve === undefined) return
    this.#resolve = undefined
    this.#isWoken = false
    resolve()
  }
}
