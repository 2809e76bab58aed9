import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, type TopicPartition, SluiceError, describeError, silentLogger } from '@sluice/sdk'
import { valuesOf } from '../admin/admin-requests.ts'
import type { FetchedPartition, FetchedRecords, Fetcher, FetcherOptions, Kafka } from '../port.ts'

const POLL_MS = 10_000
/** How long a broker may keep an idle reader waiting: a table that nobody writes costs next to nothing. */
const MAX_WAIT_MS = 5_000
const PAUSE_MS = 1000
/** How long a topic may take to be known to the broker that is asked. */
const KNOWN_MS = 5000
const KNOWN_PAUSE_MS = 100

/** After these, what was taken is not what the topic holds: only opening it again helps. */
const ENDS: ReadonlySet<SluiceError['code']> = new Set([
  'DATA_INVALID',
  'TOPIC_RECREATED',
  'LOG_TRUNCATED',
  'OFFSET_OUT_OF_RANGE',
])

export interface TopicReaderOptions {
  /** It exists. */
  readonly topic: string
  /** Takes the records of one partition, in their order. What it throws ends the reader. */
  readonly take: (partition: number, records: FetchedRecords) => void
  /** Default `read_uncommitted`. */
  readonly isolation?: NonNullable<FetcherOptions['isolation']>
  /** How long `open` and `caughtUp` wait for the end of the topic. Default 60,000. */
  readonly timeoutMs?: number
  /** `client.id` of its fetcher. Default: one of its own. */
  readonly clientId?: string
  readonly logger?: Logger
}

/**
 * Reads all partitions of a topic from their beginning, and goes on in the background. One that cannot go on (garbage, a topic that
 * was deleted, recreated or cut under it) rejects everything from then on; one that cannot be read for a while goes on by itself,
 * and `caughtUp` tells.
 */
export class TopicReader {
  readonly topic: string
  /** How many there are; the topic must not grow. */
  readonly partitions: number
  readonly #kafka: Kafka
  readonly #fetcher: Fetcher
  readonly #take: TopicReaderOptions['take']
  readonly #isolation: NonNullable<FetcherOptions['isolation']>
  readonly #timeoutMs: number
  readonly #logger: Logger
  readonly #all: readonly TopicPartition[]
  readonly #positions: number[] = []
  readonly #isBegun: boolean[] = []
  readonly #closing = new AbortController()
  readonly #onProgress = new Set<() => void>()
  #fault: SluiceError | undefined
  #end: SluiceError | undefined
  #reading: Promise<void> = Promise.resolve()

  /**
   * Resolves when everything that is in the topic now has been taken.
   * @throws SluiceError KAFKA_TIMEOUT when the end is not reached within timeoutMs; DATA_INVALID for garbage
   */
  static async open(kafka: Kafka, options: TopicReaderOptions): Promise<TopicReader> {
    const reader = new TopicReader(kafka, options, await partitionsOf(kafka, options.topic))
    try {
      await reader.#start()
    } catch (error) {
      await reader.close()
      throw error
    }
    return reader
  }

  private constructor(kafka: Kafka, options: TopicReaderOptions, partitions: number) {
    const { topic, isolation = 'read_uncommitted', timeoutMs = 60_000, clientId } = options
    this.topic = topic
    this.partitions = partitions
    this.#kafka = kafka
    this.#take = options.take
    this.#isolation = isolation
    this.#timeoutMs = timeoutMs
    this.#logger = options.logger ?? silentLogger
    this.#all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
    this.#fetcher = kafka.fetcher({
      isolation,
      maxWaitMs: MAX_WAIT_MS,
      ...(clientId === undefined ? {} : { clientId }),
    })
  }

  /** Why it cannot go on; undefined while it can. */
  get end(): SluiceError | undefined {
    return this.#end
  }

  /** The offset that is read next. */
  position(partition: number): number {
    return this.#positions[partition]!
  }

  /** Resolves when everything that was in the topic at the time of the call has been taken. Rejects also when it cannot be read now. */
  async caughtUp(timeoutMs: number = this.#timeoutMs): Promise<void> {
    if (this.#end !== undefined) throw this.#end
    await this.#until(this.#ends(), timeoutMs, () => true)
  }

  /**
   * Resolves when the position of each partition given has come to its offset, also if it cannot be read in between.
   * @throws SluiceError KAFKA_TIMEOUT
   */
  reached(offsets: ReadonlyMap<number, number>, timeoutMs: number = this.#timeoutMs): Promise<void> {
    return this.#until(Promise.resolve(offsets), timeoutMs, ({ retriable }) => !retriable)
  }

  /** Who waits is told that it was closed. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#reading
    await this.#fetcher.close()
    this.#end ??= new SluiceError('INTERRUPTED', `Topic ${this.topic} is not read any more`)
    this.#tell()
  }

  async #start(): Promise<void> {
    const positions = await this.#kafka.admin.listOffsets(this.#all, 'earliest')
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
        const fault = error instanceof SluiceError ? error : failed(this.topic, error)
        this.#fault = fault
        if (await this.#beginsLater(fault)) continue
        // The client was closed under the reader: nothing will ever come again.
        if (fault.code === 'INTERRUPTED') this.#closing.abort()
        else if (ENDS.has(fault.code)) this.#endWith(fault)
        else await this.#complain(fault, signal)
      }
      this.#tell()
    }
  }

  #takeAll(fetched: readonly FetchedPartition[]): void {
    for (const { partition, batches, nextOffset } of fetched) {
      for (const records of batches) this.#give(partition, records)
      this.#positions[partition] = nextOffset
      this.#isBegun[partition] = true
    }
  }

  #give(partition: number, records: FetchedRecords): void {
    try {
      this.#take(partition, records)
    } catch (cause) {
      if (cause instanceof SluiceError && cause.code === 'DATA_INVALID') throw cause
      // They are not fetched again: who goes on would have a hole in it.
      throw new SluiceError('DATA_INVALID', `Records of topic ${this.topic} could not be taken`, {
        cause,
        place: { topic: this.topic, partition },
      })
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

  async #ends(): Promise<ReadonlyMap<number, number>> {
    const specs = this.#all.map((partition) => ({ ...partition, at: 'latest' }) as const)
    const ends = await this.#kafka.admin.partitions.listOffsets(specs, { isolation: this.#isolation })
    return new Map(valuesOf(ends).map(({ offset }, partition) => [partition, offset]))
  }

  async #until(
    offsets: Promise<ReadonlyMap<number, number>>,
    timeoutMs: number,
    isTold: (fault: SluiceError) => boolean,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let wanted: readonly (readonly [number, number])[] | undefined
    const look = (): void => {
      if (this.#end !== undefined) reject(this.#end)
      else if (wanted === undefined) return
      else if (wanted.every(([partition, offset]) => this.#positions[partition]! >= offset)) resolve()
      else if (this.#fault !== undefined && isTold(this.#fault)) reject(this.#fault)
    }
    const timer = setTimeout(() => reject(this.#late(timeoutMs)), timeoutMs)
    this.#onProgress.add(look)
    offsets.then((found) => {
      wanted = [...found]
      return look()
    }, reject)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#onProgress.delete(look)
    }
  }

  #endWith(fault: SluiceError): void {
    this.#end = fault
    this.#closing.abort()
    this.#logger.error('Reading a topic has ended', { topic: this.topic, error: describeError(fault) })
  }

  async #complain(fault: SluiceError, signal: AbortSignal): Promise<void> {
    const facts = { topic: this.topic, error: describeError(fault) }
    this.#logger.error('A topic cannot be read; trying again', facts)
    this.#tell()
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }

  #tell(): void {
    for (const look of this.#onProgress) look()
  }

  #late(timeoutMs: number): SluiceError {
    return new SluiceError(
      'KAFKA_TIMEOUT',
      `Topic ${this.topic} was not read as far as was asked for within ${timeoutMs} ms`,
      { retriable: true, place: { topic: this.topic }, cause: this.#fault },
    )
  }
}

/** A topic that was made just now is not known to every broker at once. */
async function partitionsOf(kafka: Kafka, topic: string): Promise<number> {
  const until = performance.now() + KNOWN_MS
  for (;;) {
    const [found] = await kafka.admin.describeTopics([topic])
    if (found !== undefined) return found.partitions
    if (performance.now() > until) {
      throw new SluiceError('KAFKA_REFUSED', `Topic ${topic} does not exist`, {
        place: { topic, error: 'UNKNOWN_TOPIC_OR_PARTITION' },
        remedy: 'Create the topic.',
      })
    }
    await sleep(KNOWN_PAUSE_MS)
  }
}

function failed(topic: string, cause: unknown): SluiceError {
  return new SluiceError('INTERNAL', `Reading ${topic} failed`, { cause })
}
