import { TopicTable, type Kafka, type Produced, type TableChange } from '@sluice/kafka'
import { SluiceError, type Clock, type Logger, type Random } from '@sluice/sdk'
import type { CatalogueTable } from './catalogue.ts'

export interface KafkaTableParts {
  readonly kafka: Kafka
  /** Of one partition: its order is what workers agree by. */
  readonly topic: string
  /** The same for all workers of a cluster. */
  readonly transactionalId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** How long the start-up read may take. */
const START_MS = 600_000
/** For each step of an update: to begin it, to read to the end, to write, to read back. */
const STEP_MS = 10_000
/** A worker that dies in the middle holds readers up for so long, or until the next update. */
const TRANSACTION_MS = 10_000
const ATTEMPTS_MAX = 20
const PAUSE_MS = 50
const PARTITION = 0

/**
 * The rows of the catalogue's topic. An update is a transaction under an id that all workers share: who begins one ends those of all others, and
 * then reads to the end before anything is decided. So of two that come together one is committed, and the other one is decided again with
 * what the first has written before its eyes. Nothing in that depends on time.
 */
export class KafkaTable implements CatalogueTable {
  readonly #parts: KafkaTableParts
  readonly #table: TopicTable
  /** One's own updates would only end each other. Never rejects. */
  #last: Promise<unknown> = Promise.resolve()

  /** @throws SluiceError KAFKA_TIMEOUT, KAFKA_UNREACHABLE, KAFKA_REFUSED */
  static async open(parts: KafkaTableParts): Promise<KafkaTable> {
    const { kafka, topic, logger } = parts
    const options = { topic, isolation: 'read_committed', timeoutMs: START_MS, garbage: 'skip', logger } as const
    return new KafkaTable(parts, await TopicTable.open(kafka, options))
  }

  private constructor(parts: KafkaTableParts, table: TopicTable) {
    this.#parts = parts
    this.#table = table
  }

  entries(): ReturnType<CatalogueTable['entries']> {
    return this.#table.entries()
  }

  set(changes: readonly TableChange[]): Promise<void> {
    return this.#table.set(changes)
  }

  update(decide: () => readonly TableChange[]): Promise<void> {
    const done = this.#last.then(() => this.#update(decide))
    this.#last = done.catch(() => undefined)
    return done
  }

  onChange(listener: Parameters<CatalogueTable['onChange']>[0]): () => void {
    return this.#table.onChange(listener)
  }

  probe(): Promise<void> {
    return this.#table.caughtUp(STEP_MS)
  }

  close(): Promise<void> {
    return this.#table.close()
  }

  async #update(decide: () => readonly TableChange[]): Promise<void> {
    const { clock, random, logger, topic } = this.#parts
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(decide)
      } catch (error) {
        if (!isOvertaken(error) || attempt === ATTEMPTS_MAX) throw error
        logger.info('Another worker has changed what processors are to be: it is decided again', { topic, attempt })
        await clock.sleep(random.next() * PAUSE_MS * attempt)
      }
    }
  }

  async #attempt(decide: () => readonly TableChange[]): Promise<void> {
    const { kafka, transactionalId, topic, clock } = this.#parts
    const timing = { deliveryTimeoutMs: STEP_MS, requestTimeoutMs: STEP_MS, transactionTimeoutMs: TRANSACTION_MS }
    const producer = await kafka.transactionalProducer({ transactionalId, ...timing })
    try {
      await this.#table.caughtUp(STEP_MS)
      const changes = decide()
      if (changes.length === 0) return
      const timestamp = clock.now()
      producer.begin()
      const records = changes.map((change) => ({ topic, partition: PARTITION, ...change, timestamp, headers: null }))
      const produced = await producer.produce(records)
      await producer.commit()
      await this.#readBack(produced)
    } finally {
      await producer.close(0)
    }
  }

  async #readBack(produced: readonly Produced[]): Promise<void> {
    const ends = produced.map(({ firstOffset, count }) => (firstOffset < 0 ? -1 : firstOffset + count))
    // Where the broker did not say which offsets they got.
    if (ends.includes(-1)) return this.#table.caughtUp(STEP_MS)
    await this.#table.reached(new Map([[PARTITION, Math.max(...ends)]]), STEP_MS)
  }
}

/** Another one has begun since. */
function isOvertaken(error: unknown): boolean {
  return error instanceof SluiceError && (error.code === 'KAFKA_FENCED' || error.code === 'KAFKA_TRANSACTION_ABORTABLE')
}
