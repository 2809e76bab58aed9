/** The door to Kafka, kept in memory and in the test's hand. */
import type {
  CommittedOffset,
  FetchedPartition,
  FetchedRecords,
  Fetcher,
  GroupOffsets,
  Produced,
  Producer,
  ProducerRecord,
} from '@sluice/kafka'
import { systemClock, type RawHeader, type TopicPartition, type TopicPartitionOffset } from '@sluice/sdk'

interface Call {
  readonly records: readonly ProducerRecord[]
  /** The records are durable. */
  readonly done: () => void
  readonly fail: (error: unknown) => void
}

/** A producer whose answers are given at once, or, with `holds`, when the test says so. */
export class FakeProducer implements Producer {
  holds = false
  /** What every call is refused with from now on. */
  refusal: unknown
  /** Calls that wait for their answer. */
  readonly calls: Call[] = []
  /** What is durable, in the order in which it became so. */
  readonly durable: ProducerRecord[] = []
  isClosed = false

  produce(records: readonly ProducerRecord[]): Promise<readonly Produced[]> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal)
    const { promise, resolve, reject } = Promise.withResolvers<readonly Produced[]>()
    const call: Call = {
      records,
      done: () => {
        this.calls.splice(this.calls.indexOf(call), 1)
        this.durable.push(...records)
        resolve([])
      },
      fail: (error) => {
        this.calls.splice(this.calls.indexOf(call), 1)
        reject(error)
      },
    }
    this.calls.push(call)
    if (!this.holds) call.done()
    return promise
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.isClosed = true
  }

  /** The values of what is durable in a topic, as text. */
  values(topic: string): readonly string[] {
    return this.durable.filter((record) => record.topic === topic).map(({ value }) => text(value))
  }
}

export interface FakeRecord {
  readonly offset: number
  readonly key?: Uint8Array | null
  readonly value?: Uint8Array | null
  readonly headers?: readonly RawHeader[] | null
}

/** A fetched batch of these records. */
export function fetchedRecords(records: readonly FakeRecord[]): FetchedRecords {
  return {
    count: records.length,
    bytes: 1,
    timestampType: 'create',
    offset: (i) => records[i]!.offset,
    timestamp: (i) => 1_700_000_000_000 + records[i]!.offset,
    key: (i) => records[i]!.key ?? null,
    value: (i) => records[i]!.value ?? null,
    headers: (i) => records[i]!.headers ?? null,
  }
}

/** A fetcher over logs in memory: `log[topic-partition]` holds the values by offset; a poll brings at most `batch` of each. */
export class FakeFetcher implements Fetcher {
  readonly logs = new Map<string, FakeRecord[]>()
  readonly seeks: TopicPartitionOffset[] = []
  readonly paused = new Set<string>()
  polls = 0
  batch = 10
  readonly #positions = new Map<string, TopicPartitionOffset>()

  assign(positions: readonly TopicPartitionOffset[]): void {
    this.#positions.clear()
    for (const position of positions) this.#positions.set(keyOf(position), position)
  }

  seek(position: TopicPartitionOffset): void {
    this.seeks.push(position)
    this.#positions.set(keyOf(position), position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.paused.add(this.#assigned(partition))
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.paused.delete(this.#assigned(partition))
  }

  end(partition: TopicPartition): number {
    return (this.logs.get(keyOf(partition))?.at(-1)?.offset ?? -1) + 1
  }

  async poll(timeoutMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]> {
    this.polls += 1
    const fetched: FetchedPartition[] = []
    for (const [key, { topic, partition, offset }] of this.#positions) {
      const found = (this.logs.get(key) ?? []).filter((record) => record.offset >= offset).slice(0, this.batch)
      if (found.length === 0 || this.paused.has(key)) continue
      const nextOffset = found.at(-1)!.offset + 1
      this.#positions.set(key, { topic, partition, offset: nextOffset })
      fetched.push({
        topic,
        partition,
        batches: [fetchedRecords(found)],
        nextOffset,
        highWatermark: nextOffset,
        lastStableOffset: nextOffset,
        logStartOffset: 0,
        leaderEpoch: 0,
        topicId: '',
      })
    }
    if (fetched.length === 0) await systemClock.sleep(Math.min(timeoutMs, 2), signal)
    return fetched
  }

  position(partition: TopicPartition): number | undefined {
    return this.#positions.get(keyOf(partition))?.offset
  }

  async close(): Promise<void> {}

  #assigned(partition: TopicPartition): string {
    const key = keyOf(partition)
    if (!this.#positions.has(key)) throw new Error(`${key} is not assigned`)
    return key
  }
}

export class FakeOffsets implements GroupOffsets {
  readonly commits: CommittedOffset[] = []
  refusal: unknown
  readonly #committed = new Map<string, CommittedOffset>()

  constructor(committed: readonly CommittedOffset[] = []) {
    for (const offset of committed) this.#committed.set(keyOf(offset), offset)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal
    this.commits.push(...offsets)
    for (const offset of offsets) this.#committed.set(keyOf(offset), offset)
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return partitions.flatMap((partition) => this.#committed.get(keyOf(partition)) ?? [])
  }

  async renew(partitions: readonly TopicPartition[]): Promise<void> {
    await this.commit(await this.committed(partitions))
  }
}

/** What something is made of in a log: one record per text, from offset 0. */
export function logOf(...texts: readonly string[]): FakeRecord[] {
  return texts.map((value, offset) => ({ offset, value: bytes(value) }))
}

export function bytes(value: string): Uint8Array {
  return Buffer.from(value)
}

export function text(value: Uint8Array | null | undefined): string {
  return value === null || value === undefined ? '(null)' : Buffer.from(value).toString()
}

/** A record's headers by name, as text. */
export function headersOf(record: { readonly headers: readonly RawHeader[] | null }): Readonly<Record<string, string>> {
  return Object.fromEntries((record.headers ?? []).map(({ key, value }) => [key, text(value)]))
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
