/**
 * The door to Kafka: everything the rest of the platform may ask of it. `connect` (cluster.ts) opens it.
 *
 * Errors are SluiceErrors: KAFKA_UNREACHABLE and KAFKA_TIMEOUT are retriable, KAFKA_REFUSED carries the broker's error name in its
 * place and is retriable where Kafka says so, KAFKA_FENCED and RECORD_TOO_LARGE are not. KAFKA_TIMEOUT also says that the outcome
 * is unknown: what was asked for may have been done.
 */
import type { RawHeader, TimestampType, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import type { ConsumerMember, ConsumerMemberOptions, GroupMember, GroupMemberOptions } from './group/group-port.ts'
import type { Admin } from './admin/admin-port.ts'
import type { MetricGroup } from './metrics.ts'
import type { LoggedRequest } from './request-log.ts'

export type * from './admin/admin-port.ts'
export type * from './group/group-port.ts'

/** One cluster: its connections are shared by all that is opened here, and closed with it. */
export interface Kafka {
  producer(options?: ProducerOptions): Producer
  /**
   * A producer whose records become visible to read_committed readers together, or never. Resolves when the coordinator has made it
   * the owner of the transactional id (InitProducerId): older owners are fenced, and what they had left open is aborted.
   * @throws SluiceError KAFKA_REFUSED, as for a transactionTimeoutMs above what the broker allows; KAFKA_UNREACHABLE, KAFKA_TIMEOUT
   */
  transactionalProducer(options: TransactionalProducerOptions): Promise<TransactionalProducer>
  fetcher(options?: FetcherOptions): Fetcher
  /** Committed offsets of a group that manages its partitions itself (no membership). */
  groupOffsets(groupId: string): GroupOffsets
  /** A place in a group of any kind; `join` takes it. */
  groupMember(options: GroupMemberOptions): GroupMember
  /** A place in a consumer group. */
  consumerMember(options: ConsumerMemberOptions): ConsumerMember
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

export interface ProduceOptions {
  /**
   * The records are taken into batches at once, which are sent when this has resolved, and so is what comes behind them in their partitions.
   * When it rejects, they fail with its error. Their delivery timeout runs from the beginning. Calls with the same promise share batches.
   */
  readonly after?: Promise<unknown>
}

export interface Producer {
  /**
   * Queues the records and resolves when every one is durable (acks=all, idempotent: nothing lost, nothing twice, order kept per
   * partition). Waits first while `bufferBytesMax` is full. Rejects with the first failure once all others have settled too; the
   * outcome of the failed ones is in the error (`KAFKA_TIMEOUT`: unknown).
   */
  produce(records: readonly ProducerRecord[], options?: ProduceOptions): Promise<readonly Produced[]>
  /** Resolves when everything queued so far is settled. */
  flush(): Promise<void>
  /** Flushes for at most `timeoutMs` (default: deliveryTimeoutMs), then fails what is left with INTERRUPTED. */
  close(timeoutMs?: number): Promise<void>
}

/**
 * One transaction at a time: `begin`, any number of `produce` and `sendOffsets`, then `commit` or `abort`.
 *
 * Errors, beside those of misuse (KAFKA_TRANSACTION_STATE, nothing happens):
 * - KAFKA_TRANSACTION_ABORTABLE: something of the transaction failed. It cannot be committed any more, whoever ignores the error;
 *   after `abort` the producer can go on.
 * - KAFKA_FENCED: another producer has taken over the transactional id, or the transaction outlived transactionTimeoutMs (which some
 *   brokers call abortable). Nothing of the open transaction is or becomes visible, and everything from now on is refused. (Of
 *   `sendOffsets`, with error FENCED_INSTANCE_ID: the group member was replaced; `abort` is still right.)
 * - KAFKA_TIMEOUT of `commit`: nobody knows yet whether the transaction is committed. Call `commit` again, which asks again; or close
 *   the producer and open another one of the same transactional id, then look where the group's offsets stand.
 * - Any other is the end of this producer: close it and open another one.
 */
export interface TransactionalProducer {
  /** @throws SluiceError KAFKA_TRANSACTION_STATE while a transaction is open or to be aborted */
  begin(): void
  /** As `Producer.produce`, in the open transaction. A record that is not accepted dooms the transaction. */
  produce(records: readonly ProducerRecord[]): Promise<readonly Produced[]>
  /**
   * Puts offsets of a group into the open transaction: they are committed with it, or not at all. One call for all partitions. A
   * member of an older generation is refused (KIP-447); generation -1 and member '' stand for a group without members. With a tenure,
   * the refusal of a generation that has just ended is answered with the next one.
   */
  sendOffsets(group: GroupIdentity | GroupTenure, offsets: readonly CommittedOffset[]): Promise<void>
  /** Flushes, then commits: resolves when everything produced in the transaction is durable and bound to become visible. */
  commit(): Promise<void>
  /** Records that were not sent yet fail; those that were are waited for. Right also after a failure of `produce` or `sendOffsets`. */
  abort(): Promise<void>
  /** Aborts what is open, for at most `timeoutMs` (default: deliveryTimeoutMs); with 0 the broker does, after transactionTimeoutMs. */
  close(timeoutMs?: number): Promise<void>
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Kafka's own producer settings, in our words; defaults are Kafka's where not said otherwise. */
export interface ProducerOptions {
  /** `compression.type`: default `none`. */
  readonly compression?: Compression
  /** `compression.zstd.level`, `compression.gzip.level` (KIP-390): the codec's own scale. Default: 1 for zstd (Kafka: 3), gzip's own 6. */
  readonly compressionLevel?: number
  /** `batch.size`: default 262144 (Kafka: 16384), because batches are what makes a record cheap. */
  readonly batchBytesMax?: number
  /** `linger.ms`: default 0 (Kafka 4.0: 5); a batch leaves as soon as a request slot is free. */
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
  /** `client.id`, in the brokers' logs and quotas and in metrics. Default: one of its own, as in `sluice-producer-1`. */
  readonly clientId?: string
}

/** `deliveryTimeoutMs` is also how long a coordinator is asked: to begin, to add to, and to end a transaction. */
export interface TransactionalProducerOptions extends ProducerOptions {
  /** `transactional.id`: stable for whoever does the same work, so that the next one fences the one before. */
  readonly transactionalId: string
  /** `transaction.timeout.ms`: a transaction that is open for longer is aborted by the broker. Default 60,000. */
  readonly transactionTimeoutMs?: number
}

/** The records of one fetched record batch (or the rest of it behind the position): positions in one buffer, nothing decoded yet. */
export interface FetchedRecords {
  readonly count: number
  offset(i: number): number
  /** Milliseconds since the epoch. */
  timestamp(i: number): number
  readonly timestampType: TimestampType
  /** Views into the response, valid as long as they are held, but they hold the whole response; into copies of it, where it is lent. */
  key(i: number): Uint8Array | null
  value(i: number): Uint8Array | null
  headers(i: number): readonly RawHeader[] | null
  /** Bytes of keys, values and headers together: for byte-counted queues. */
  readonly bytes: number
  /** Nothing more is read of them: see `FetcherOptions.isLent`. What was handed out stays valid. */
  release?(): void
}

/** What one fetch brought for one partition, in offset order. */
export interface FetchedPartition extends TopicPartition {
  /** Kafka's text for the topic's uuid. A topic that was deleted and created again has another one. */
  readonly topicId: string
  readonly batches: readonly FetchedRecords[]
  /** Where to go on; moves also over control records, aborted transactions and compacted gaps. */
  readonly nextOffset: number
  /** The leader epoch (KIP-320) of the record before `nextOffset`: to be kept with it. -1 when the log does not say. */
  readonly leaderEpoch: number
  /** Behind the last record that all in-sync replicas have: `highWatermark - nextOffset` is the lag. */
  readonly highWatermark: number
  /** Before the first transaction that is still open: what `read_committed` can reach. */
  readonly lastStableOffset: number
  /** The first record that is still there. */
  readonly logStartOffset: number
}

/** Where to begin with a partition. */
export interface FetchPosition extends TopicPartition {
  /** Null: nowhere yet, as when nothing was committed: the reset policy decides. */
  readonly offset: number | null
  /** Of the record before `offset`, where it is known: then a log that was truncated below it is noticed (KIP-320). */
  readonly leaderEpoch?: number
  /** Of the topic that `offset` belongs to, where it is known: then a recreated topic is noticed. */
  readonly topicId?: string
}

/**
 * Where a position goes that is not, or no longer, in the log: to an end; to the first record at or after a time
 * (milliseconds since the epoch) or of the last so many milliseconds (KIP-1106), or to the end if there is none; or nowhere:
 * the partition fails with OFFSET_OUT_OF_RANGE.
 */
export type ResetPolicy =
  'earliest' | 'latest' | 'none' | { readonly timestamp: number } | { readonly durationMs: number }

export interface FetcherOptions {
  /** `client.id`, in the brokers' logs and quotas and in metrics. Default: one of its own, as in `sluice-consumer-1`. */
  readonly clientId?: string
  /** Default `read_uncommitted`, as in Kafka. */
  readonly isolation?: 'read_uncommitted' | 'read_committed'
  /** `fetch.max.wait.ms`: default 500. */
  readonly maxWaitMs?: number
  /** `fetch.min.bytes`: default 1. */
  readonly minBytes?: number
  /**
   * `fetch.max.bytes`: default 6 MiB per response, and of decompressed records per poll; one response is read ahead. A broker that
   * answers promptly is asked for 1 MiB at a time, and for more while a reader has to wait for full responses.
   */
  readonly bytesMax?: number
  /** Decompressed records of one poll; at least a batch comes. Default, and at most: `bytesMax`. */
  readonly pollBytesMax?: number
  /** What responses under way and read ahead may hold together, over all brokers. Default 24 MiB. */
  readonly bufferBytesMax?: number
  /** `max.partition.fetch.bytes`: default 1 MiB. */
  readonly partitionBytesMax?: number
  /** `client.rack`: a replica in the same rack is read from where the cluster allows it (KIP-392). Default: none. */
  readonly rackId?: string
  /** Also for a log that was truncated below the position: without a policy LOG_TRUNCATED. Default `none`. */
  readonly reset?: ResetPolicy
  /**
   * The caller calls `release` of batches it has done with, and reads each from its front: then large responses are read into the memory of those
   * before them, instead of being garbage that only a full collection frees. Default false.
   */
  readonly isLent?: boolean
}

/**
 * Reads given partitions from given positions. Not for two callers at a time. A partition that cannot be read fails every
 * `poll` until it is moved or no longer assigned; besides the broker's refusals with OFFSET_OUT_OF_RANGE, LOG_TRUNCATED, and,
 * whatever the reset policy, TOPIC_RECREATED: positions in the old topic mean nothing in the new one.
 */
export interface Fetcher {
  /** Replaces what is read. Data already fetched for partitions that stay is kept if its position fits. */
  assign(positions: readonly FetchPosition[]): void
  /** Moves one assigned partition; what was read ahead for it is forgotten. */
  seek(position: FetchPosition): void
  /** A paused partition is neither fetched nor returned; its read-ahead is kept while it is little. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** What has arrived, or an empty list after `timeoutMs` or when the signal is aborted. */
  poll(timeoutMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]>
  /** The next offset that `poll` will return of a partition; undefined when it is not assigned, or not known yet. */
  position(partition: TopicPartition): number | undefined
  /**
   * Where what can be read of a partition ended when its leader last answered: with `read_committed` before the first transaction that
   * is still open. Undefined when it is not assigned, or has not answered yet.
   */
  end(partition: TopicPartition): number | undefined
  close(): Promise<void>
}

/** A committed offset; `metadata` is text of at most 4096 bytes (the broker's limit). */
export interface CommittedOffset extends TopicPartitionOffset {
  readonly metadata: string
  /** Of the last record before the offset (KIP-320). Absent when it was not committed. */
  readonly leaderEpoch?: number
}

/** Which member of which group: what commits are checked against, so that a zombie is refused (KIP-447). */
export interface GroupIdentity {
  readonly groupId: string
  /** Of the last rebalance; under the `consumer` protocol the member epoch. */
  readonly generationId: number
  readonly memberId: string
  readonly instanceId: string | null
}

/** A member of a group through all generations in which it keeps what it holds: see `GroupMember.tenure`. */
export interface GroupTenure {
  readonly groupId: string
  /** Who it is now. @throws SluiceError KAFKA_REFUSED, retriable, while that is being decided; KAFKA_FENCED when it has lost its hold */
  identity(): GroupIdentity
}

export interface GroupOffsets {
  /** In the order of the calls. Rejects when any partition was refused; none is silently left out. */
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  /** Only the partitions that have a committed offset come back. Offsets that transactions still decide about are waited for. */
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  /**
   * Commits once more what is committed. Without members, the broker forgets an offset `offsets.retention.minutes` (7 days) after
   * its last commit: whoever may rest for longer renews now and then.
   */
  renew(partitions: readonly TopicPartition[]): Promise<void>
}
