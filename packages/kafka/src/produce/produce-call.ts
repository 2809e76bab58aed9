import type { SluiceError } from '@sluice/sdk'
import type { Produced, ProducerRecord } from '../port.ts'
import type { SendGate } from './send-gate.ts'

/**
 * One call of `produce`: how far its records have been queued, and in how many batches they still wait for an answer. Its
 * promise is the only one that is made, however many records it has.
 */
export class ProduceCall {
  /** None once all are queued: the batches have their bytes, and an answer may be long in coming. */
  records: readonly ProducerRecord[]
  readonly promise: Promise<readonly Produced[]>
  /** What its batches wait for before they are sent. */
  readonly gate: SendGate | null
  /** The next record to queue. */
  at = 0
  readonly #produced: Produced[] = []
  /** Called once, before the promise settles. */
  onSettled: (call: ProduceCall) => void = () => undefined
  #error: SluiceError | undefined
  /** Batches that hold records of this call and are not settled; one more while records are still being queued. */
  #open = 1
  readonly #resolve: (produced: readonly Produced[]) => void
  readonly #reject: (error: SluiceError) => void
  /** Topics that could not be used, so that each is waited for once. */
  readonly refusedTopics: Map<string, SluiceError> = new Map()
  #topicsSeenAgain: Set<string> | undefined

  constructor(records: readonly ProducerRecord[], gate: SendGate | null = null) {
    this.records = records
    this.gate = gate
    const { promise, resolve, reject } = Promise.withResolvers<readonly Produced[]>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Whether a topic that lacks a partition is to be described afresh: the first time. */
  looksAgain(topic: string): boolean {
    const seen = (this.#topicsSeenAgain ??= new Set())
    return seen.size < seen.add(topic).size
  }

  /** A batch has taken the first record of this call. */
  opened(): void {
    this.#open++
  }

  /** A run of records is durable. */
  succeeded(produced: Produced): void {
    this.#produced.push(produced)
    this.#close()
  }

  /** A run of records is not, or nobody knows. */
  failed(error: SluiceError): void {
    this.#error ??= error
    this.#close()
  }

  /** Every record of a batch has been refused by itself. */
  closed(): void {
    this.#close()
  }

  /** One record was refused: it was never queued, or the broker named it. */
  refuse(error: SluiceError): void {
    this.#error ??= error
  }

  /** Every record has been queued or refused. */
  queued(): void {
    this.#letGo()
    this.#close()
  }

  /** What was not queued yet never will be. */
  abandon(error: SluiceError): void {
    this.#letGo()
    this.failed(error)
  }

  #letGo(): void {
    this.records = []
    this.at = 0
  }

  #close(): void {
    if (--this.#open > 0) return
    this.onSettled(this)
    if (this.#error === undefined) this.#resolve(this.#produced)
    else this.#reject(this.#error)
  }
}
