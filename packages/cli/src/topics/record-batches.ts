/** Records on their way to Kafka: they are sent when there are many, or when no more come for a moment, as from `tail -f`. */
import type { Producer, ProducerRecord } from '@sluice/kafka'
import type { Clock } from '@sluice/sdk'

/** As much as waits for Kafka at once. */
const RECORDS_MAX = 1000
const BYTES_MAX = 1_048_576
const IDLE_MS = 200

export class RecordBatches {
  readonly #producer: Pick<Producer, 'produce'>
  readonly #clock: Clock
  readonly #closed = new AbortController()
  #batch: ProducerRecord[] = []
  #bytes = 0
  #added = 0
  #written = 0
  /** All that was sent, one after the other; when one fails, nothing is sent after it. */
  #sent: Promise<void> = Promise.resolve()

  constructor(producer: Pick<Producer, 'produce'>, clock: Clock) {
    this.#producer = producer
    this.#clock = clock
    void this.#sendWhenIdle()
  }

  /** How many are durable. */
  get written(): number {
    return this.#written
  }

  /** @throws as of the producer, for this record or one before it */
  async add(record: ProducerRecord): Promise<void> {
    this.#batch.push(record)
    this.#added++
    this.#bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
    if (this.#batch.length >= RECORDS_MAX || this.#bytes >= BYTES_MAX) await this.flush()
  }

  /** Resolves when all that was added is durable. @throws as of the producer */
  flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    this.#bytes = 0
    const send = async (): Promise<void> => {
      if (batch.length > 0) await this.#producer.produce(batch)
      this.#written += batch.length
    }
    this.#sent = this.#sent.then(send)
    return this.#sent
  }

  /** Nothing more is sent by itself. */
  close(): void {
    this.#closed.abort()
  }

  async #sendWhenIdle(): Promise<void> {
    const { signal } = this.#closed
    let seen = 0
    for (;;) {
      await this.#clock.sleep(IDLE_MS, signal)
      if (signal.aborted) return
      // Whoever adds or flushes next is told what it fails with.
      if (this.#batch.length > 0 && this.#added === seen) this.flush().catch(() => undefined)
      seen = this.#added
    }
  }
}
