import { type Kafka, TopicReader, type TransactionalProducer } from '@sluice/kafka'
import { type Logger, SluiceError, silentLogger } from '@sluice/sdk'
import type { OpenRegistryLog, RegistryLog } from './registry-log.ts'
import { ID_MAX_HEADER, type RegistryRecord, keyBytes, readRecord, valueBytes } from './schemas-topic.ts'

export interface TopicLogOptions {
  /** Default `_schemas`, as in Confluent's registry (`kafkastore.topic`). */
  readonly topic?: string
  /** Default -1: the broker's. */
  readonly replicationFactor?: number
  /** How long opening, and one write, may take. Default 30,000. */
  readonly timeoutMs?: number
  /** Another registry has taken over this topic: nothing can be written from here any more. */
  readonly onFenced?: (error: SluiceError) => void
  readonly logger?: Logger
}

/**
 * The records of a registry in a compacted topic of one partition. What one call appends becomes visible together, in a transaction: the
 * registry that was opened last is the only one that can write, so that two of them never give out the same id.
 */
export function topicLog(kafka: Kafka, options: TopicLogOptions = {}): OpenRegistryLog {
  return (take) => TopicLog.open(kafka, options, take)
}

class TopicLog implements RegistryLog {
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #timeoutMs: number
  readonly #onFenced: ((error: SluiceError) => void) | undefined
  readonly #reader: TopicReader
  #producer: TransactionalProducer | undefined
  #fenced: SluiceError | undefined

  static async open(
    kafka: Kafka,
    options: TopicLogOptions,
    take: (record: RegistryRecord) => void,
  ): Promise<RegistryLog> {
    const { topic = '_schemas', replicationFactor = -1, timeoutMs = 30_000, logger = silentLogger } = options
    await kafka.admin.ensureTopics([
      { topic, partitions: 1, replicationFactor, configs: { 'cleanup.policy': 'compact' } },
    ])
    // First the right to write, then all that was written: nothing comes in between.
    const producer = await openProducer(kafka, topic, timeoutMs)
    const reader = await TopicReader.open(kafka, {
      topic,
      isolation: 'read_committed',
      timeoutMs,
      logger,
      take: (_, records) => {
        for (let i = 0; i < records.count; i++) {
          const record = readRecord(records.key(i), records.value(i))
          if (record === undefined)
            logger.warn('A record is none of a schema registry', { topic, offset: records.offset(i) })
          else take({ ...record, ...idMaxIn(records.headers(i)) })
        }
      },
    })
    if (reader.partitions === 1) return new TopicLog(kafka, options, topic, timeoutMs, reader, producer)
    await producer.close()
    await reader.close()
    throw new SluiceError('SETTINGS_INVALID', `Topic ${topic} has ${reader.partitions} partitions`, {
      remedy: 'The topic of a schema registry has one: name another topic, or create this one again.',
    })
  }

  private constructor(
    kafka: Kafka,
    { onFenced }: TopicLogOptions,
    topic: string,
    timeoutMs: number,
    reader: TopicReader,
    producer: TransactionalProducer,
  ) {
    this.#kafka = kafka
    this.#topic = topic
    this.#timeoutMs = timeoutMs
    this.#onFenced = onFenced
    this.#reader = reader
    this.#producer = producer
  }

  async append(records: readonly RegistryRecord[]): Promise<void> {
    if (this.#fenced !== undefined) throw this.#fenced
    if (this.#reader.end !== undefined) throw this.#reader.end
    const end = await this.#inTransaction(records)
    if (end === undefined) await this.#reader.caughtUp(this.#timeoutMs)
    else await this.#reader.reached(new Map([[0, end]]), this.#timeoutMs)
  }

  async close(): Promise<void> {
    await this.#producer?.close()
    await this.#reader.close()
  }

  /** The offset behind the records, where the broker says. */
  async #inTransaction(records: readonly RegistryRecord[]): Promise<number | undefined> {
    const producer = await this.#writer()
    try {
      producer.begin()
      const produced = await producer.produce(records.map((record) => this.#producerRecord(record)))
      await producer.commit()
      if (produced.some(({ firstOffset }) => firstOffset < 0)) return undefined
      return Math.max(...produced.map(({ firstOffset, count }) => firstOffset + count))
    } catch (error) {
      await this.#giveUp(producer, error)
      throw this.#fenced ?? error
    }
  }

  /**
   * Whatever became of the transaction: the next writer ends it, and reads what is there before it writes. Without that, a commit that
   * was not answered could give an id away twice.
   */
  async #writer(): Promise<TransactionalProducer> {
    if (this.#producer !== undefined) return this.#producer
    const producer = await openProducer(this.#kafka, this.#topic, this.#timeoutMs)
    try {
      await this.#reader.caughtUp(this.#timeoutMs)
    } catch (error) {
      await producer.close(0)
      throw error
    }
    return (this.#producer = producer)
  }

  async #giveUp(producer: TransactionalProducer, error: unknown): Promise<void> {
    this.#producer = undefined
    if (error instanceof SluiceError && error.code === 'KAFKA_FENCED') {
      this.#fenced = new SluiceError('KAFKA_FENCED', `Another schema registry has taken over topic ${this.#topic}`, {
        cause: error,
        remedy: 'Run one registry per topic; clients may be given the urls of several, of which one runs.',
      })
      this.#onFenced?.(this.#fenced)
    }
    // Its own trouble is the one that is told.
    await producer.close(0).catch(() => undefined)
  }

  #producerRecord({ key, value, idMax }: RegistryRecord): Parameters<TransactionalProducer['produce']>[0][number] {
    const headers = idMax === undefined ? null : [{ key: ID_MAX_HEADER, value: Buffer.from(String(idMax)) }]
    return {
      topic: this.#topic,
      partition: 0,
      key: keyBytes(key),
      value: valueBytes(value),
      timestamp: null,
      headers,
    }
  }
}

function openProducer(kafka: Kafka, topic: string, timeoutMs: number): Promise<TransactionalProducer> {
  return kafka.transactionalProducer({
    transactionalId: `sluice-schema-registry-${topic}`,
    deliveryTimeoutMs: timeoutMs,
  })
}

function idMaxIn(headers: readonly { readonly key: string; readonly value: Uint8Array | null }[] | null): {
  idMax?: number
} {
  const value = headers?.find(({ key }) => key === ID_MAX_HEADER)?.value
  const idMax = Number(value === undefined || value === null ? Number.NaN : Buffer.from(value).toString('utf8'))
  return Number.isInteger(idMax) ? { idMax } : {}
}
