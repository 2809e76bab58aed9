import { type Logger, type TopicPartition, SluiceError, describeError, silentLogger } from '@sluice/sdk'
import { valuesOf } from './admin/admin-requests.ts'
import type { FetchedPartition, Fetcher, FetcherOptions, Kafka, Produced, Producer } from './port.ts'
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

const POLL_MS = 1000
const PAUSE_MS = 1000

/** After these the rows are not what the topic holds: only opening the table again helps. */
const ENDS: ReadonlySet<SluiceError['code']> = new Set([
  'DATA_INVALID',
  'TOPIC_RECREATED',
  'LOG_TRUNCATED',
  'OFFSET_OUT_OF_RANGE',
])

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
  readonly #kafka: Kafka
  readonly #producer: Producer
  readonly #fetcher: Fetcher
  readonly #logger: Logger
  readonly #isolation: NonNullable<FetcherOptions['isolation']>
  readonly #key: TableCodec<K>
  readonly #value: TableCodec<V>
  readonly #partitions: readonly TopicPartition[]
  readonly #timeoutMs: number
  readonly #rows: TableRows<K, V>
  readonly #positions: number[] = []
  readonly #isBegun: boolean[] = []
  readonly #closing = new AbortController()
  readonly #onProgress = new Set<() => void>()
  #fault: SluiceError | undefined
  #end: SluiceError | undefined
  #reading: Promise<void> = Promise.resolve()
  #startUp: TableStart = { records: 0, bytes: 0, garbage: 0, ms: 0, keys: 0 }

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
    const [found] = await kafka.admin.describeTopics([topic])
    const codecs = { key: bytesCodec, value: bytesCodec }
    const table = new TopicTable(kafka, { ...codecs, ...options }, found?.partitions ?? partitions)
    try {
      await table.#start()
    } catch (error) {
      await table.close()
      throw error
    }
    return table
  }

  private constructor(kafka: Kafka, options: TypedTableOptions<K, V>, partitions: number) {
    const { topic, key, value, isolation = 'read_uncommitted', garbage = 'fail' } = options
    this.topic = topic
    this.#kafka = kafka
    this.#key = key
    this.#value = value
    this.#isolation = isolation
    this.#partitions = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#logger = options.logger ?? silentLogger
    this.#rows = new TableRows({ topic, key, value, garbage, logger: this.#logger })
    this.#producer = kafka.producer()
    this.#fetcher = kafka.fetcher({ isolation })
  }

  /** Keys that have a value. */
  get size(): number {
    return this.#rows.size
  }

  /** What it took to open it. */
  get startUp(): TableStart {
    return this.#startUp
  }

  /** What has been read since. */
  get figures(): TableFigures {
    return this.#rows.figures
  }

  /** The value of a key, or undefined. */
  get(key: TableKey<K>): V | undefined {
    if (this.#end !== undefined) throw this.#end
    return this.#rows.get(this.#bytesOf(key))
  }

  /** Every entry, in the order in which keys first appeared. */
  entries(): IterableIterator<TableEntry<K, V>> {
    if (this.#end !== undefined) throw this.#end
    return this.#rows.entries()
  }

  /** Resolves when the changes are durable. Those of one call reach the log in their order, per partition. */
  async set(changes: readonly TableChange<K, V>[]): Promise<void> {
    if (this.#end !== undefined) throw this.#end
    const timestamp = Date.now()
    const records = changes.map((change) => {
      const key = this.#key.encode(change.key)
      const value = change.value === null ? null : this.#value.encode(change.value)
      const partition = this.#rows.partitionOf(key) ?? partitionForKey(key, this.#partitions.length)
      return { topic: this.topic, partition, key, value, timestamp, headers: null, change }
    })
    const produced = await this.#producer.produce(records)
    // Where the broker did not say which offsets the records got, they are found by reading them back.
    if (produced.some(({ firstOffset }) => firstOffset < 0)) return this.caughtUp()
    const offsets = offsetsByPartition(produced)
    for (const { key, partition, change } of records) {
      const offset = offsets.get(partition)?.shift()
      // What has been read back meanwhile has been applied, in its place among the others.
      if (offset === undefined || offset < this.#positions[partition]!) continue
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
  async caughtUp(): Promise<void> {
    if (this.#end !== undefined) throw this.#end
    const specs = this.#partitions.map((partition) => ({ ...partition, at: 'latest' }) as const)
    const ends = await this.#kafka.admin.partitions.listOffsets(specs, { isolation: this.#isolation })
    const offsets = valuesOf(ends).map(({ offset }) => offset)
    const isThere = (): boolean => offsets.every((offset, partition) => this.#positions[partition]! >= offset)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (this.#end !== undefined) reject(this.#end)
      else if (isThere()) resolve()
      else if (this.#fault !== undefined) reject(this.#fault)
    }
    const timer = setTimeout(() => reject(this.#late()), this.#timeoutMs)
    this.#onProgress.add(look)
    try {
      look()
      await promise
    } finally {
      clearTimeout(timer)
      this.#onProgress.delete(look)
    }
  }

  /** Waits for changes under way, then stops reading. */
  async close(): Promise<void> {
    await this.#producer.close()
    this.#closing.abort()
    await this.#reading
    await this.#fetcher.close()
  }

  async #start(): Promise<void> {
    const started = performance.now()
    const positions = await this.#kafka.admin.listOffsets(this.#partitions, 'earliest')
    for (const { partition, offset } of positions) this.#positions[partition] = offset
    this.#fetcher.assign(positions)
    this.#reading = this.#read()
    await this.caughtUp()
    this.#startUp = { ...this.#rows.figures, ms: performance.now() - started, keys: this.#rows.size }
    this.#logger.info('A topic table has been read', { topic: this.topic, ...this.#startUp })
  }

  async #read(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        this.#takeAll(await this.#fetcher.poll(POLL_MS, signal))
        this.#fault = undefined
      } catch (error) {
        if (signal.aborted) return
        const fault = error instanceof SluiceError ? error : failed(this.topic, error)
        this.#fault = fault
        if (await this.#beginsLater(fault)) continue
        // The client was closed under the table: nothing will ever come again.
        if (fault.code === 'INTERRUPTED') this.#closing.abort()
        else if (ENDS.has(fault.code)) this.#endWith(fault)
        else await this.#complain(fault, signal)
      }
      for (const look of this.#onProgress) look()
    }
  }

  #takeAll(fetched: readonly FetchedPartition[]): void {
    for (const { partition, batches, nextOffset } of fetched) {
      for (const records of batches) this.#rows.take(partition, records)
      this.#positions[partition] = nextOffset
      this.#isBegun[partition] = true
    }
  }

  /** Records may expire between the question where the topic begins and the first fetch: then it begins later. */
  async #beginsLater({ code, place }: SluiceError): Promise<boolean> {
    const partition = Number(place?.['partition'])
    if (code !== 'OFFSET_OUT_OF_RANGE' || this.#isBegun[partition] === true) return false
    const [start] = await this.#kafka.admin.listOffsets([{ topic: this.topic, partition }], 'earliest').catch(() => [])
    if (start === undefined || start.offset <= this.#positions[partition]!) return false
    this.#positions[partition] = start.offset
    this.#fetcher.seek(start)
    return true
  }

  #endWith(fault: SluiceError): void {
    this.#end = fault
    this.#closing.abort()
    this.#logger.error('A topic table has ended', { topic: this.topic, error: describeError(fault) })
  }

  async #complain(fault: SluiceError, signal: AbortSignal): Promise<void> {
    const facts = { topic: this.topic, error: describeError(fault) }
    this.#logger.error('A topic table cannot be read; trying again', facts)
    for (const look of this.#onProgress) look()
    await pause(PAUSE_MS, signal)
  }

  #bytesOf(key: TableKey<K>): Uint8Array {
    const isText = typeof key === 'string' && (this.#key as unknown) === bytesCodec
    return isText ? Buffer.from(key, 'utf8') : this.#key.encode(key as K)
  }

  #late(): SluiceError {
    return new SluiceError(
      'KAFKA_TIMEOUT',
      `The end of topic ${this.topic} was not reached within ${this.#timeoutMs} ms`,
      { retriable: true, place: { topic: this.topic } },
    )
  }
}

function failed(topic: string, cause: unknown): SluiceError {
  return new SluiceError('INTERNAL', `Reading ${topic} failed`, { cause })
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

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
