import { type Logger, SluiceError, describeError, silentLogger } from '@sluice/sdk'
import type { FetchedPartition, Fetcher, FetcherOptions, Kafka, Produced, Producer } from './port.ts'
import { partitionForKey } from './produce/partitioner.ts'

export interface TopicTableOptions {
  readonly topic: string
  /** Partitions to create the topic with if it is missing; default 1. An existing topic keeps its own. */
  readonly partitions?: number
  /** Default -1: the broker's. */
  readonly replicationFactor?: number
  /** Settings of the topic beside `cleanup.policy=compact`. */
  readonly configs?: Readonly<Record<string, string>>
  /** Default `read_uncommitted`. */
  readonly isolation?: NonNullable<FetcherOptions['isolation']>
  /** How long `open` and `caughtUp` wait for the end of the topic. Default 60,000. */
  readonly timeoutMs?: number
  readonly logger?: Logger
}

/** One entry to write: a null value deletes the key. */
export interface TableChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** One entry as it stands. */
export interface TableEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export type TableListener = (change: TableChange) => void

/** `value` is null where the key was deleted by a record that has not been read back yet. */
interface Row extends TableChange {
  readonly offset: number
}

const POLL_MS = 1000
const PAUSE_MS = 1000

/**
 * A compacted topic read as a table: the latest value of each key, in memory, kept up to date in the background. Keys are byte
 * strings; they are compared as latin1 text, which stands for bytes one to one (UTF-8 text does not: bytes that are not UTF-8
 * would fall together). The bytes of keys and values are kept as they came.
 *
 * The log decides: whatever order writers came in, every reader ends with the same table. What `set` wrote can be read with
 * `get` once `set` has resolved.
 */
export class TopicTable {
  readonly topic: string
  readonly #kafka: Kafka
  readonly #producer: Producer
  readonly #fetcher: Fetcher
  readonly #logger: Logger
  readonly #partitions: number
  readonly #timeoutMs: number
  readonly #rows = new Map<string, Row>()
  readonly #positions: number[] = []
  readonly #listeners = new Set<TableListener>()
  readonly #closing = new AbortController()
  #size = 0
  #fault: SluiceError | undefined
  #reading: Promise<void> = Promise.resolve()
  readonly #onProgress = new Set<() => void>()

  /**
   * Creates the topic if it is missing, and resolves when everything that is in it now has been read.
   * @throws SluiceError KAFKA_TIMEOUT when the end is not reached within timeoutMs
   */
  static async open(kafka: Kafka, options: TopicTableOptions): Promise<TopicTable> {
    const { topic, partitions = 1, replicationFactor = -1 } = options
    const configs = { 'cleanup.policy': 'compact', ...options.configs }
    await kafka.admin.ensureTopics([{ topic, partitions, replicationFactor, configs }])
    const [found] = await kafka.admin.describeTopics([topic])
    const table = new TopicTable(kafka, options, found?.partitions ?? partitions)
    try {
      await table.#start()
    } catch (error) {
      await table.close()
      throw error
    }
    return table
  }

  private constructor(kafka: Kafka, options: TopicTableOptions, partitions: number) {
    this.topic = options.topic
    this.#kafka = kafka
    this.#partitions = partitions
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#logger = options.logger ?? silentLogger
    this.#producer = kafka.producer()
    this.#fetcher = kafka.fetcher({ isolation: options.isolation ?? 'read_uncommitted', reset: 'earliest' })
  }

  /** Keys that have a value. */
  get size(): number {
    return this.#size
  }

  /** The value of a key, or undefined. A key given as text is its UTF-8 bytes. */
  get(key: Uint8Array | string): Uint8Array | undefined {
    return this.#rows.get(textOf(typeof key === 'string' ? Buffer.from(key, 'utf8') : key))?.value ?? undefined
  }

  /** Every entry, in the order in which keys first appeared. */
  *entries(): IterableIterator<TableEntry> {
    for (const { key, value } of this.#rows.values()) if (value !== null) yield { key, value }
  }

  /** Resolves when the changes are durable. Those of one call reach the log in their order, per partition. */
  async set(changes: readonly TableChange[]): Promise<void> {
    const records = changes.map(({ key, value }) => {
      const partition = partitionForKey(key, this.#partitions)
      return { topic: this.topic, partition, key, value, timestamp: null, headers: null }
    })
    const offsets = offsetsByPartition(await this.#producer.produce(records))
    for (const { key, value, partition } of records) {
      const offset = offsets.get(partition)?.shift()
      // What has been read back meanwhile has been applied, in its place among the others.
      if (offset !== undefined && offset >= this.#positions[partition]!) this.#apply(key, value, offset)
    }
  }

  /**
   * Calls the listener for each change from now on, per key in the order of the log; a change that a later one has already
   * overtaken is left out. Returns the way to stop that.
   */
  onChange(listener: TableListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when everything that was in the topic at the time of the call has been read. */
  async caughtUp(): Promise<void> {
    const ends = await this.#kafka.admin.listOffsets(this.#all(), 'latest')
    const isThere = (): boolean => ends.every(({ partition, offset }) => this.#positions[partition]! >= offset)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (isThere()) resolve()
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
    const positions = await this.#kafka.admin.listOffsets(this.#all(), 'earliest')
    for (const { partition, offset } of positions) this.#positions[partition] = offset
    this.#fetcher.assign(positions)
    this.#reading = this.#read()
    await this.caughtUp()
  }

  async #read(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        this.#takeAll(await this.#fetcher.poll(POLL_MS, signal))
        this.#fault = undefined
      } catch (error) {
        if (signal.aborted) return
        this.#fault = error instanceof SluiceError ? error : failed(this.topic, error)
        // The client was closed under the table: nothing will ever come again.
        if (this.#fault.code === 'INTERRUPTED') this.#closing.abort()
        else await this.#complain(this.#fault, signal)
      }
      for (const look of this.#onProgress) look()
    }
  }

  #takeAll(fetched: readonly FetchedPartition[]): void {
    for (const { partition, batches, nextOffset } of fetched) {
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) this.#take(records.key(i), records.value(i), records.offset(i))
      }
      this.#positions[partition] = nextOffset
    }
  }

  async #complain(fault: SluiceError, signal: AbortSignal): Promise<void> {
    const facts = { topic: this.topic, error: describeError(fault) }
    this.#logger.error('A topic table cannot be read; trying again', facts)
    for (const look of this.#onProgress) look()
    await pause(PAUSE_MS, signal)
  }

  #take(key: Uint8Array | null, value: Uint8Array | null, offset: number): void {
    // Records without a key cannot be in a compacted topic; one that was not compacted from the start may have some.
    if (key === null) return
    // Copies, because a view would hold the whole response for as long as the row lives.
    this.#apply(Buffer.from(key), value === null ? null : Buffer.from(value), offset)
    // A later write of the same key may have been applied already: then this is not its end.
    const text = textOf(key)
    if (value === null && this.#rows.get(text)?.offset === offset) this.#rows.delete(text)
  }

  /** A row changes only by a later record of the log: what was applied when it was written is not applied again when read. */
  #apply(key: Uint8Array, value: Uint8Array | null, offset: number): void {
    const text = textOf(key)
    const before = this.#rows.get(text)
    if (before !== undefined && before.offset >= offset) return
    this.#size += Number(value !== null) - Number(before !== undefined && before.value !== null)
    this.#rows.set(text, { key, value, offset })
    for (const listener of this.#listeners) listener({ key, value })
  }

  #all(): { readonly topic: string; readonly partition: number }[] {
    return Array.from({ length: this.#partitions }, (_, partition) => ({ topic: this.topic, partition }))
  }

  #late(): SluiceError {
    return new SluiceError(
      'KAFKA_TIMEOUT',
      `The end of topic ${this.topic} was not reached within ${this.#timeoutMs} ms`,
      {
        retriable: true,
        place: { topic: this.topic },
      },
    )
  }
}

function failed(topic: string, cause: unknown): SluiceError {
  return new SluiceError('INTERNAL', `Reading ${topic} failed`, { cause })
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

/** The offsets that the records of one call got, in their order, by partition. Empty where the broker did not say. */
function offsetsByPartition(produced: readonly Produced[]): Map<number, number[]> {
  const offsets = new Map<number, number[]>()
  const unknown = new Set(produced.filter(({ firstOffset }) => firstOffset < 0).map(({ partition }) => partition))
  for (const { partition, firstOffset, count } of produced.toSorted((a, b) => a.firstOffset - b.firstOffset)) {
    if (unknown.has(partition)) continue
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
