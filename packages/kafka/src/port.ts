/**
 * The door to Kafka: everything the rest of the platform may ask of it. `connect` (cluster.ts) opens it.
 *
 * Errors are SluiceErrors: KAFKA_UNREACHABLE and KAFKA_TIMEOUT are retriable, KAFKA_REFUSED carries the broker's error name in its
 * place and is retriable where Kafka says so, KAFKA_FENCED and RECORD_TOO_LARGE are not.
 */
import type { RawHeader, TimestampType, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import type { MetricGroup } from './metrics.ts'
import type { LoggedRequest } from './request-log.ts'

/** One cluster: its connections are shared by all that is opened here, and closed with it. */
export interface Kafka {
  producer(options?: ProducerOptions): Producer
  fetcher(options?: FetcherOptions): Fetcher
  /** Committed offsets of a group that manages its partitions itself (no membership). */
  groupOffsets(groupId: string): GroupOffsets
  readonly admin: Admin
  /** What Kafka's own clients measure, under its names. */
  metrics(): readonly MetricGroup[]
  /** The last requests and what became of them, oldest first: for reports about failures. */
  requestLog(): readonly LoggedRequest[]
  /** Flushes nothing: whoever opened a producer closes it first. Ends every connection; idempotent. */
  close(): Promise<void>
}

/** A record to produce. The bytes must not change until the promise of `produce` has settled. */
export interface ProducerRecord {
  readonly topic: string
  /** Null: decided by the key's murmur2 hash as in Java; without a key, a sticky partition that changes per batch. */
  readonly partition: number | null
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch; null: now. */
  readonly timestamp: number | null
  readonly headers: readonly RawHeader[] | null
}

/** Where a run of records of one `produce` call went. `firstOffset` is -1 when the broker did not say (a duplicate it recognised). */
export interface Produced extends TopicPartition {
  readonly firstOffset: number
  readonly count: number
}

export interface Producer {
  /**
   * Queues the records and resolves when every one is durable (acks=all, idempotent: nothing lost, nothing twice, order kept per
   * partition). Waits first while `bufferMemory` is full. Rejects with the first failure once all others have settled too; the
   * outcome of the failed ones is in the error (`KAFKA_TIMEOUT`: unknown).
   */
  produce(records: readonly ProducerRecord[]): Promise<readonly Produced[]>
  /** Resolves when everything queued so far is settled. */
  flush(): Promise<void>
  /** Flushes for at most `timeoutMs` (default: deliveryTimeoutMs), then fails what is left with INTERRUPTED. */
  close(timeoutMs?: number): Promise<void>
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Kafka's own producer settings, in our words; defaults are Kafka's where not said otherwise. */
export interface ProducerOptions {
  readonly compression?: Compression
  /** `batch.size`: default 262144 (Kafka: 16384), because batches are what makes a record cheap. */
  readonly batchBytesMax?: number
  /** `linger.ms`: default 0; a batch leaves as soon as a request slot is free. */
  readonly lingerMs?: number
  /** `buffer.memory`: default 32 MiB. */
  readonly bufferBytesMax?: number
  /** `delivery.timeout.ms`: default 120,000. */
  readonly deliveryTimeoutMs?: number
  /** `request.timeout.ms`: default 30,000. */
  readonly requestTimeoutMs?: number
  /** `max.in.flight.requests.per.connection`: default 5. */
  readonly inFlightMax?: number
  /** `max.request.size`: default 1,048,576; a record above it is refused with RECORD_TOO_LARGE. */
  readonly requestBytesMax?: number
}

/** The records of one fetched record batch (or the rest of it behind the position): positions in one buffer, nothing decoded yet. */
export interface FetchedRecords {
  readonly count: number
  offset(i: number): number
  /** Milliseconds since the epoch. */
  timestamp(i: number): number
  readonly timestampType: TimestampType
  /** Views into the response: valid as long as they are held, but they hold the whole response. */
  key(i: number): Uint8Array | null
  value(i: number): Uint8Array | null
  headers(i: number): readonly RawHeader[] | null
  /** Bytes of keys, values and headers together: for byte-counted queues. */
  readonly bytes: number
}

/** What one fetch brought for one partition, in offset order. */
export interface FetchedPartition extends TopicPartition {
  readonly batches: readonly FetchedRecords[]
  /** Where to go on; moves also over control records and compacted gaps. */
  readonly nextOffset: number
  readonly highWatermark: number
}

export interface FetcherOptions {
  /** Default `read_uncommitted`, as in Kafka. */
  readonly isolation?: 'read_uncommitted' | 'read_committed'
  /** `fetch.max.wait.ms`: default 500. */
  readonly maxWaitMs?: number
  /** `fetch.min.bytes`: default 1. */
  readonly minBytes?: number
  /** `fetch.max.bytes`: default 8 MiB per response; one is read ahead. */
  readonly bytesMax?: number
  /** `max.partition.fetch.bytes`: default 1 MiB. */
  readonly partitionBytesMax?: number
  /** What to do when a position is out of range: move to the end named, or fail with OFFSET_OUT_OF_RANGE. Default `none`. */
  readonly reset?: 'earliest' | 'latest' | 'none'
}

/** Reads given partitions from given positions. Not for two callers at a time. */
export interface Fetcher {
  /** Replaces what is read. Data already fetched for partitions that stay is kept if its position fits. */
  assign(positions: readonly TopicPartitionOffset[]): void
  /** Moves one assigned partition; what was read ahead for it is forgotten. */
  seek(position: TopicPartitionOffset): void
  /** A paused partition is neither fetched nor returned; its read-ahead is kept. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** What has arrived, or an empty list after `timeoutMs` or when the signal is aborted. */
  poll(timeoutMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]>
  /** The next offset that `poll` will return of a partition, or undefined when it is not assigned. */
  position(partition: TopicPartition): number | undefined
  close(): Promise<void>
}

/** A committed offset; `metadata` is text of at most 4096 bytes (the broker's limit). */
export interface CommittedOffset extends TopicPartitionOffset {
  readonly metadata: string
}

export interface GroupOffsets {
  /** Rejects when any partition was refused; none is silently left out. */
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  /** Only the partitions that have a committed offset come back. */
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
}

export interface TopicSpec {
  readonly topic: string
  /** -1: the broker's default. */
  readonly partitions: number
  /** -1: the broker's default. Default -1. */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly topic: string
  readonly partitions: number
}

export interface Admin {
  /** Creates the topics that do not exist yet; resolves to the names it created. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<readonly string[]>
  deleteTopics(topics: readonly string[]): Promise<void>
  /** Topics that exist; unknown names are left out. Without names: all. */
  describeTopics(topics?: readonly string[]): Promise<readonly TopicDescription[]>
  /** The offset of the first record still there, behind the last one, or of the first at or after a time (ms). */
  listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | number,
  ): Promise<readonly TopicPartitionOffset[]>
  describeCluster(): Promise<{ readonly clusterId: string; readonly brokers: number }>
}
