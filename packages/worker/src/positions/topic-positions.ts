import type { FetcherOptions, Kafka, ProducerRecord, TransactionalProducer } from '@sluice/kafka'
import { DataError, type Logger, SluiceError, type SourcePartition, type SourcePosition } from '@sluice/sdk'
import type { SettledPosition } from '../record-path/in-flight.ts'
import { prepareTopic } from '../storage/internal-topic.ts'
import { asRecord, readJson, writeJson } from '../storage/record-json.ts'
import type { InternalTopic } from '../storage/storage-settings.ts'
import { behind, type LogEntry, logRecords, TopicLog } from '../storage/topic-log.ts'
import { type KnownPosition, KnownPositions } from './known-positions.ts'
import type { ListedPositions, PositionChange } from './position-store.ts'

export interface TopicPositionsOptions {
  readonly topic: InternalTopic
  readonly clientId: string
  /** `read_committed` where sources write their positions in transactions. */
  readonly isolation?: NonNullable<FetcherOptions['isolation']>
  readonly logger: Logger
}

/** Positions in a compacted topic: Kafka Connect's own offset topic, byte for byte. */
export class TopicPositions implements ListedPositions {
  readonly topic: string
  readonly #log: TopicLog
  /** Where positions come in transactions. */
  readonly #isCommittedOnly: boolean
  readonly #known: KnownPositions
  /** Where this process has written to: what is behind must be read before anything is answered. */
  readonly #written = new Map<number, number>()
  /** Partitions that transactions wrote to which we know to be committed; their end may not be visible yet. */
  readonly #committed = new Set<number>()
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined

  /** Makes the topic if it is missing and reads it. @throws SluiceError SETTINGS_INVALID when it is not fit */
  static async open(kafka: Kafka, options: TopicPositionsOptions): Promise<TopicPositions> {
    const { topic, clientId, isolation = 'read_uncommitted', logger } = options
    await prepareTopic(kafka.admin, topic, logger)
    const known = new KnownPositions()
    const take = known.apply.bind(known)
    return new TopicPositions(
      await TopicLog.open(kafka, { topic: topic.topic, clientId, isolation, logger, take }),
      known,
      isolation === 'read_committed',
    )
  }

  private constructor(log: TopicLog, known: KnownPositions, isCommittedOnly: boolean) {
    this.topic = log.topic
    this.#log = log
    this.#isCommittedOnly = isCommittedOnly
    this.#known = known
  }

  /**
   * A transaction of another task that is still open hides what was committed behind it, by the task that had this connector before us too:
   * it is waited for. It ends, at the latest by its time-out.
   */
  async position(connector: string, partition: SourcePartition): Promise<SourcePosition | null> {
    await this.#refreshed()
    if (this.#isCommittedOnly) {
      const forms = this.#known.entries(connector, partition, null, this.#log.partitions)
      await this.#log.refreshUncommitted([...new Set(forms.map((form) => form.partition))])
    }
    return this.#parse(connector, this.#known.get(connector, partition)?.value ?? null)
  }

  async positions(connector: string): Promise<readonly SettledPosition[]> {
    await this.#refreshed()
    return this.#known.all(connector).flatMap(({ partition, value }: KnownPosition) => {
      const position = this.#parse(connector, value)
      return position === null ? [] : [{ partition, position }]
    })
  }

  async store(connector: string, positions: readonly PositionChange[]): Promise<void> {
    if (positions.length === 0) return
    const produced = await this.#log.send(this.#entries(connector, positions))
    for (const [partition, offset] of behind(produced))
      this.#written.set(partition, Math.max(this.#written.get(partition) ?? 0, offset))
  }

  /** As `store`, in a transaction: whoever else has the producer's transactional id is shut out before it. */
  async storeWith(
    producer: TransactionalProducer,
    connector: string,
    positions: readonly PositionChange[],
  ): Promise<void> {
    if (positions.length === 0) return
    producer.begin()
    // Its failure makes the commit refuse.
    producer.produce(this.records(connector, positions)).catch(() => undefined)
    await producer.commit()
    this.committed(connector, positions)
  }

  /** What is to be produced in a transaction instead, so that the positions are there if its other records are (KIP-618). */
  records(connector: string, positions: readonly PositionChange[]): readonly ProducerRecord[] {
    return logRecords(this.topic, this.#entries(connector, positions))
  }

  /** That transaction is committed. */
  committed(connector: string, positions: readonly PositionChange[]): void {
    for (const { partition } of positions)
      for (const entry of this.#known.entries(connector, partition, null, this.#log.partitions))
        this.#committed.add(entry.partition)
  }

  /** Waits for writes under way. */
  async close(): Promise<void> {
    await this.#log.close()
  }

  #entries(connector: string, positions: readonly PositionChange[]): readonly LogEntry[] {
    return positions.flatMap(({ partition, position }) => {
      const value = position === null ? null : writeJson(position)
      return this.#known.entries(connector, partition, value, this.#log.partitions)
    })
  }

  /** Everything is known that was stored before the call. Those who ask together share what it takes. */
  #refreshed(): Promise<void> {
    if (this.#reading === undefined) return (this.#reading = this.#refresh().finally(() => (this.#reading = undefined)))
    // What is under way may have looked for the end before this call.
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#refreshed()
      })
    return this.#next
  }

  async #refresh(): Promise<void> {
    const committed = [...this.#committed]
    const written = [...this.#written]
    await this.#log.refresh()
    await this.#log.reached(new Map(written))
    for (const [partition, offset] of written)
      if (this.#written.get(partition) === offset) this.#written.delete(partition)
    if (committed.length === 0) return
    await this.#log.refreshUncommitted(committed)
    for (const partition of committed) this.#committed.delete(partition)
  }

  #parse(connector: string, value: Uint8Array | null): SourcePosition | null {
    if (value === null) return null
    try {
      const stored = readJson(value)
      return stored === null ? null : (asRecord(stored, 'it') as SourcePosition)
    } catch (cause) {
      if (!(cause instanceof DataError)) throw cause
      throw new SluiceError('POSITION_UNREADABLE', 'What the position topic holds for a source is no position', {
        cause,
        place: { topic: this.topic, connector },
        remedy: 'Write the position again, or a null value under its key to begin from the beginning.',
      })
    }
  }
}
