import { silentLogger } from '@sluice/sdk'
import type { Kafka, Produced, Producer } from './port.ts'
import { partitionForKey } from './produce/partitioner.ts'
import {
  type TableChange,
  type TableCodec,
  type TableEntry,
  type TableFigures,
  type TableKey,
  type TableListener,
  type TableStart,
  type TopicTableOptions,
  type TypedTableOptions,
  bytesCodec,
} from './table/table-port.ts'
import { TableRows } from './table/table-rows.ts'
import { TopicReader } from './table/topic-reader.ts'

/**
 * A compacted topic read as a table: the latest value of each key, in memory, kept up to date in the background. Keys and values
 * are bytes, or what the codecs given make of them.
 *
 * The log decides: whatever order writers came in, every reader ends with the same table. What `set` wrote can be read with
 * `get` once `set` has resolved. A table that cannot go on (garbage, a topic that was deleted, recreated or cut under it) rejects
 * everything from then on; one that cannot be read for a while goes on by itself, and `caughtUp` tells.
 */
export class TopicTable<K = Uint8Array, V = Uint8Array> {
  readonly topic: string
  /** What it took to open it. */
  readonly startUp: TableStart
  readonly #producer: Producer
  readonly #reader: TopicReader
  readonly #rows: TableRows<K, V>
  readonly #key: TableCodec<K>
  readonly #value: TableCodec<V>

  /**
   * Creates the topic if it is missing, and resolves when everything that is in it now has been read.
   * @throws SluiceError KAFKA_TIMEOUT when the end is not reached within timeoutMs; DATA_INVALID for garbage
   */
  static open<K, V>(kafka: Kafka, options: TypedTableOptions<K, V>): Promise<TopicTable<K, V>>
  static open(kafka: Kafka, options: TopicTableOptions): Promise<TopicTable>
  static async open(
    kafka: Kafka,
    options: TopicTableOptions | TypedTableOptions<Uint8Array, Uint8Array>,
  ): Promise<TopicTable> {
    const { topic, partitions = 1, replicationFactor = -1 } = options
    const configs = { 'cleanup.policy': 'compact', ...options.configs }
    await kafka.admin.ensureTopics([{ topic, partitions, replicationFactor, configs }])
    const { garbage = 'fail', logger = silentLogger, ...codecs } = { key: bytesCodec, value: bytesCodec, ...options }
    const started = performance.now()
    const rows = new TableRows({ ...codecs, garbage, logger })
    const reader = await TopicReader.open(kafka, {
      ...options,
      take: (partition, records) => rows.take(partition, records),
    })
    const startUp = { ...rows.figures, ms: performance.now() - started, keys: rows.size }
    logger.info('A topic table has been read', { topic, ...startUp })
    return new TopicTable(codecs, kafka.producer(), reader, rows, startUp)
  }

  private constructor(
    { key, value }: Pick<TypedTableOptions<K, V>, 'key' | 'value'>,
    producer: Producer,
    reader: TopicReader,
    rows: TableRows<K, V>,
    startUp: TableStart,
  ) {
    this.topic = reader.topic
    this.startUp = startUp
    this.#producer = producer
    this.#reader = reader
    this.#rows = rows
    this.#key = key
    this.#value = value
  }

  /** Keys that have a value. */
  get size(): number {
    return this.#rows.size
  }

  /** What has been read since. */
  get figures(): TableFigures {
    return this.#rows.figures
  }

  /** The value of a key, or undefined. */
  get(key: TableKey<K>): V | undefined {
    this.#check()
    return this.#rows.get(this.#bytesOf(key))
  }

  /** Every entry, in the order in which keys first appeared. */
  entries(): IterableIterator<TableEntry<K, V>> {
    this.#check()
    return this.#rows.entries()
  }

  /** Resolves when the changes are durable. Those of one call reach the log in their order, per partition. */
  async set(changes: readonly TableChange<K, V>[]): Promise<void> {
    this.#check()
    const timestamp = Date.now()
    const records = changes.map((change) => {
      const key = this.#key.encode(change.key)
      const value = change.value === null ? null : this.#value.encode(change.value)
      const partition = this.#rows.partitionOf(key) ?? partitionForKey(key, this.#reader.partitions)
      return { topic: this.topic, partition, key, value, timestamp, headers: null, change }
    })
    const produced = await this.#producer.produce(records)
    // Where the broker did not say which offsets the records got, they are found by reading them back.
    if (produced.some(({ firstOffset }) => firstOffset < 0)) return this.caughtUp()
    const offsets = offsetsByPartition(produced)
    for (const { key, partition, change } of records) {
      const offset = offsets.get(partition)?.shift()
      // What has been read back meanwhile has been applied, in its place among the others.
      if (offset === undefined || offset < this.#reader.position(partition)) continue
      this.#rows.apply(key, { key: change.key, value: change.value, partition, offset, timestamp })
    }
  }

  /**
   * Calls the listener for each change from now on, per key in the order of the log; a change that a later one has already
   * overtaken is left out. Returns the way to stop that.
   */
  onChange(listener: TableListener<K, V>): () => void {
    return this.#rows.listen(listener)
  }

  /** Resolves when everything that was in the topic at the time of the call has been read. */
  caughtUp(timeoutMs?: number): Promise<void> {
    return this.#reader.caughtUp(timeoutMs)
  }

  /** Resolves when each partition given has been read up to its offset, as by who wrote past the table. @throws SluiceError KAFKA_TIMEOUT */
  reached(offsets: ReadonlyMap<number, number>, timeoutMs?: number): Promise<void> {
    return this.#reader.reached(offsets, timeoutMs)
  }

  /** Waits for changes under way, then stops reading. */
  async close(): Promise<void> {
    await this.#producer.close()
    await this.#reader.close()
  }

  #check(): void {
    if (this.#reader.end !== undefined) throw this.#reader.end
  }

  #bytesOf(key: TableKey<K>): Uint8Array {
    const isText = typeof key === 'string' && (this.#key as unknown) === bytesCodec
    return isText ? Buffer.from(key, 'utf8') : this.#key.encode(key as K)
  }
}

/** The offsets that the records of one call got, in their order, by partition. */
function offsetsByPartition(produced: readonly Produced[]): Map<number, number[]> {
  const offsets = new Map<number, number[]>()
  for (const { partition, firstOffset, count } of produced.toSorted((a, b) => a.firstOffset - b.firstOffset)) {
    const known = offsets.get(partition) ?? []
    for (let i = 0; i < count; i++) known.push(firstOffset + i)
    offsets.set(partition, known)
  }
  return offsets
}
