import type { Kafka, Produced, TransactionalProducer } from '@sluice/kafka'
import { describeError, type Logger, SluiceError } from '@sluice/sdk'
import { type LogEntry, logRecords } from './topic-log.ts'

/** How long a producer that is given up may take to abort what it had open. */
const CLOSE_MS = 5_000

export interface LeaderWriterOptions {
  readonly kafka: Kafka
  readonly topic: string
  readonly transactionalId: string
  readonly clientId: string
  /** For a delivery, and for a request to begin or end a transaction. */
  readonly timeoutMs: number
  readonly logger: Logger
}

/**
 * Writes what only the leader may write, each call in a transaction of its own (KIP-618). Whoever claims the transactional id last is
 * the leader: the writer before it is fenced, even if it has not heard of that yet. After a failure it must be claimed again.
 */
export class LeaderWriter {
  readonly #options: LeaderWriterOptions
  #producer: TransactionalProducer | null = null
  /** A producer has one transaction at a time. Never rejects. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: LeaderWriterOptions) {
    this.#options = options
  }

  claim(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#drop(0)
      const { kafka, transactionalId, clientId, timeoutMs } = this.#options
      this.#producer = await kafka.transactionalProducer({ transactionalId, clientId, deliveryTimeoutMs: timeoutMs })
    })
  }

  /** All of them or none. @throws SluiceError KAFKA_FENCED when another worker has claimed the right to write, or we have not */
  write(entries: readonly LogEntry[]): Promise<readonly Produced[]> {
    return this.#inTurn(async () => {
      const producer = this.#producer
      if (producer === null) throw notClaimed(this.#options)
      try {
        producer.begin()
        const produced = await producer.produce(logRecords(this.#options.topic, entries))
        await producer.commit()
        return produced
      } catch (error) {
        await this.#recover(producer, error)
        throw error
      }
    })
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#drop(CLOSE_MS))
  }

  async #recover(producer: TransactionalProducer, error: unknown): Promise<void> {
    const isAbortable = error instanceof SluiceError && error.code === 'KAFKA_TRANSACTION_ABORTABLE'
    try {
      if (isAbortable) return await producer.abort()
    } catch (cause) {
      this.#options.logger.warn('A transaction of the leader could not be aborted', { error: describeError(cause) })
    }
    await this.#drop(0)
  }

  async #drop(timeoutMs: number): Promise<void> {
    const producer = this.#producer
    this.#producer = null
    await producer?.close(timeoutMs)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}

function notClaimed({ topic, transactionalId }: LeaderWriterOptions): SluiceError {
  return new SluiceError('KAFKA_FENCED', 'This worker may not write what the leader writes: it has not claimed it', {
    place: { topic, transactionalId },
    remedy: 'Claim leadership again; if another worker is the leader by now, forward the request to it.',
  })
}
