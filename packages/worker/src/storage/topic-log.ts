import { type FetcherOptions, type Kafka, type Produced, type Producer, TopicReader } from '@sluice/kafka'
import { type Clock, DataError, describeError, type Logger, systemClock } from '@sluice/sdk'

/** So many records that mean nothing are logged one by one; the count tells of the rest. */
const COMPLAINTS_MAX = 20

/** How long a record may take to become durable. */
const DELIVERY_MS = 30_000
/** How long the start-up read may take: topics of large clusters are read from distant brokers. */
const START_MS = 600_000
/** How long is waited for the end of the topic, and for what was written, unless the caller says. */
const REFRESH_MS = 60_000

/** A record to write: its partition, if not said, is decided by its key, as in Java. */
export interface LogEntry {
  readonly key: Uint8Array
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
  readonly partition?: number
}

export interface ReadEntry {
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  /** Views: valid during the call. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

export interface TopicLogOptions {
  /** It exists. */
  readonly topic: string
  readonly clientId: string
  readonly isolation: NonNullable<FetcherOptions['isolation']>
  /** Takes what is read, in order within a partition. A DataError says that the record means nothing: it is reported, and passed over. */
  readonly take: (entry: ReadEntry) => void
  readonly logger: Logger
  readonly clock?: Clock
}

/**
 * A topic that a worker keeps state in (`KafkaBasedLog`): read in full and in order from its beginning, then further in the background,
 * beside a producer for it. No record can stop the reading.
 */
export class TopicLog {
  readonly topic: string
  readonly #kafka: Kafka
  readonly #producer: Producer
  readonly #reader: TopicReader
  readonly #clock: Clock

  /** Resolves when all that is in the topic now has been taken. */
  static async open(kafka: Kafka, options: TopicLogOptions): Promise<TopicLog> {
    const { topic, clientId, isolation, logger } = options
    let garbage = 0
    const takeOne = (entry: ReadEntry): void => {
      try {
        options.take(entry)
      } catch (error) {
        garbage++
        if (garbage > COMPLAINTS_MAX && error instanceof DataError) return
        const { partition, offset, key } = entry
        const facts = { topic, partition, offset, key: shown(key), reason: describeError(error), garbage }
        logger.error('A record could not be taken, and is passed over', facts)
      }
    }
    const reader = await TopicReader.open(kafka, {
      topic,
      clientId,
      isolation,
      logger,
      timeoutMs: START_MS,
      take: (partition, records) => {
        for (let i = 0; i < records.count; i++) {
          const [offset, timestamp] = [records.offset(i), records.timestamp(i)]
          takeOne({ partition, offset, timestamp, key: records.key(i), value: records.value(i) })
        }
      },
    })
    return new TopicLog(kafka, options, reader)
  }

  private constructor(kafka: Kafka, { topic, clientId, clock = systemClock }: TopicLogOptions, reader: TopicReader) {
    this.topic = topic
    this.#kafka = kafka
    this.#reader = reader
    this.#clock = clock
    this.#producer = kafka.producer({ clientId, deliveryTimeoutMs: DELIVERY_MS })
  }

  get partitions(): number {
    return this.#reader.partitions
  }

  /** Resolves when the entries are durable; those of one partition stay in their order. It says where they are. */
  send(entries: readonly LogEntry[]): Promise<readonly Produced[]> {
    return this.#producer.produce(logRecords(this.topic, entries))
  }

  /** Resolves when they are durable and have been read back. @throws SluiceError KAFKA_TIMEOUT: they may yet come */
  async write(entries: readonly LogEntry[], timeoutMs: number): Promise<void> {
    const until = this.#clock.monotonic() + timeoutMs
    const produced = await this.send(entries)
    await this.readBack(produced, until - this.#clock.monotonic())
  }

  /** Resolves when what went there, here or by another producer, has been taken. */
  async readBack(produced: readonly Produced[], timeoutMs: number): Promise<void> {
    const waitMs = Math.max(1, timeoutMs)
    // Where the broker did not say which offsets the records got, they are before the end.
    if (produced.some(({ firstOffset }) => firstOffset < 0)) return this.#reader.caughtUp(waitMs)
    await this.#reader.reached(behind(produced), waitMs)
  }

  /** Resolves when all that is in the topic at the time of the call has been taken. */
  refresh(timeoutMs: number = REFRESH_MS): Promise<void> {
    return this.#reader.caughtUp(timeoutMs)
  }

  /** Resolves when each partition has been taken up to this offset. */
  reached(offsets: ReadonlyMap<number, number>): Promise<void> {
    return this.#reader.reached(offsets, REFRESH_MS)
  }

  /** As `refresh`, but of these partitions also what open transactions hold back. */
  async refreshUncommitted(partitions: readonly number[]): Promise<void> {
    const specs = partitions.map((partition) => ({ topic: this.topic, partition }))
    const ends = await this.#kafka.admin.listOffsets(specs, 'latest')
    await this.reached(new Map(ends.map(({ partition, offset }) => [partition, offset])))
  }

  /** Writes under way get `timeoutMs`. */
  async close(timeoutMs?: number): Promise<void> {
    await this.#producer.close(timeoutMs)
    await this.#reader.close()
  }
}

/** The entries as records for any producer. */
export function logRecords(topic: string, entries: readonly LogEntry[]): Parameters<Producer['produce']>[0] {
  return entries.map(({ key, value, partition = null }) => {
    return { topic, partition, key, value, timestamp: null, headers: null }
  })
}

/** The offset behind the last record, by partition. */
export function behind(produced: readonly Produced[]): Map<number, number> {
  const ends = new Map<number, number>()
  for (const { partition, firstOffset, count } of produced)
    ends.set(partition, Math.max(ends.get(partition) ?? 0, firstOffset + count))
  return ends
}

function shown(key: Uint8Array | null): string | null {
  return key === null ? null : Buffer.from(key).toString('utf8').slice(0, 200)
}
