/**
 * The doors between the broker's parts, on one page. Everything runs on one event loop, and every change of state is one
 * synchronous step: what a handler reads stays true until it returns or awaits.
 *
 *     server/        sockets, frames, order of answers, faults        api/           one file an API: request in, answer out
 *     topics/        which topics there are, their settings, leaders  log/           segments, indexes, producers' state, compaction
 *     groups/        members, generations, committed offsets          transactions/  producer ids, states, markers
 *     security/      who a client is, what it may do, how fast
 */
import type { ApiName } from '@sluice/kafka-protocol'
import type { BrokerClock } from './clock.ts'
import type { EmulatedRelease } from './options.ts'
import type { Login, SecurityProtocol } from './security/index.ts'

export interface Broker {
  readonly clock: BrokerClock
  readonly clusterId: string
  readonly release: EmulatedRelease
  /** What all nodes listen for. */
  readonly securityProtocol: SecurityProtocol
  readonly nodes: Nodes
  readonly settings: BrokerSettings
  readonly topics: Topics
  readonly groups: Groups
  readonly transactions: Transactions
  readonly access: Access
  readonly quotas: Quotas
  readonly faults: FaultSettings
  /** The API versions offered now, caps applied: key → lowest and highest. */
  offered(): ReadonlyMap<number, readonly [number, number]>
  /** Finalised features: `transaction.version` 2, `group.version` 1 … as the emulated release has them; 0 when absent. */
  feature(name: string): number
  log(level: 'info' | 'warn' | 'error', message: string): void
}

/** Broker settings by Kafka's names (`num.partitions`), defaults filled in; dynamic ones can change. */
export interface BrokerSettings {
  number(name: string): number
  boolean(name: string): boolean
  text(name: string): string
  /** A setting that a group may have of its own (`consumer.session.timeout.ms`), as a number. */
  ofGroup(groupId: string, name: string): number
}

/** Faults that last, set by the verbs of `EmbeddedKafka`; each part reads its own when it acts. */
export interface FaultSettings {
  /** `EndTxn` answers at once, markers are written this much later: CONCURRENT_TRANSACTIONS really appears. 0: at once. */
  readonly lateMarkersMs: number
  /** Every answer asks the client to be quiet for this long. */
  readonly throttleMs: number
}

/** The virtual nodes. Ids begin with 1. */
export interface Nodes {
  /** Those that are up. */
  alive(): readonly Node[]
  controller(): number
  /** Which node coordinates a group or a transactional id. */
  coordinatorOf(kind: 'group' | 'transaction', key: string): number
}

export interface Node {
  readonly id: number
  readonly host: string
  readonly port: number
}

/** A connected client, as handlers see it. One connection is one client. */
export interface Client {
  readonly id: number
  /** `User:alice`, `User:CN=alice`, `User:ANONYMOUS`. */
  readonly principal: string
  /** Where it stands with SASL; null where SASL is not spoken. */
  readonly login: Login | null
  /** The address it came from. */
  readonly host: string
  /** Aborted when the connection is gone: what waits on its behalf ends. */
  readonly closed: AbortSignal
  /** Software name and version as ApiVersions announced them. */
  readonly software: { name: string; version: string }
}

// ── topics ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Topics {
  /** Goes up with every topic that is created or deleted, and when one gets more partitions. */
  readonly changes: number
  get(name: string): Topic | undefined
  /** By Kafka's text for the uuid. */
  byId(id: string): Topic | undefined
  all(): Iterable<Topic>
  /** Throws ApiErrors: TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_CONFIG … Durable when it returns. */
  create(
    name: string,
    partitions: number,
    configs: Readonly<Record<string, string>>,
    isInternal?: boolean,
    /** The node of each partition, where somebody chose; else they are spread. */
    leaders?: readonly number[],
  ): Topic
  delete(name: string): void
  addPartitions(name: string, total: number, leaders?: readonly number[]): void
  /** Replaces the overrides. Throws INVALID_CONFIG naming the setting. */
  configure(name: string, overrides: Readonly<Record<string, string>>): void
  partition(name: string, index: number): Partition | undefined
  /** Called after a topic is gone, so that others forget it too. */
  onDelete(listener: (topic: Topic) => void): void
}

export interface Topic {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
  readonly partitions: readonly Partition[]
  /** What was set for this topic, as text; the rest are the broker's defaults. */
  readonly overrides: Readonly<Record<string, string>>
  readonly config: TopicConfig
}

/** The settings of a topic that change what the broker does, parsed. Units as in their names. */
export interface TopicConfig {
  readonly isCompacted: boolean
  readonly isDeleted: boolean
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly retentionBytes: number
  readonly retentionMs: number
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  readonly indexIntervalBytes: number
  readonly maxMessageBytes: number
  readonly timestampType: 'create' | 'append'
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  /** `producer`: as it came. */
  readonly compression: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
}

export interface Partition {
  readonly topic: Topic
  readonly index: number
  /** Node id; -1 when its node is down. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly log: PartitionLog
}

// ── the log of a partition ──────────────────────────────────────────────────────────────────────────────────────────

/** One replica, so what is written is committed: the high watermark is the log's end. */
export interface PartitionLog {
  readonly startOffset: number
  /** Behind the last record; the high watermark too. */
  readonly endOffset: number
  /** The first offset of the oldest open transaction, or the end. */
  readonly stableOffset: number
  /** Bytes on disk (or in memory). */
  readonly bytes: number

  /**
   * Checks and appends what a producer sent for this partition: one or more whole batches v2. Throws ApiErrors: CORRUPT_MESSAGE (CRC,
   * false length), INVALID_RECORD (with `recordErrors`), MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, OUT_OF_ORDER_SEQUENCE_NUMBER,
   * INVALID_PRODUCER_EPOCH, UNKNOWN_PRODUCER_ID, INVALID_TXN_STATE, KAFKA_STORAGE_ERROR (disk full: the log is as before). A
   * duplicate of one of the last five batches of a producer is answered with the offset it was written at.
   * The bytes are used before the call returns; nothing keeps them. `isStrict` is for transactions v2 (a transactional batch by Produce 12
   * or later, KIP-890): a producer that the log does not know begins with sequence 0.
   */
  append(records: Uint8Array, leaderEpoch: number, isStrict?: boolean): Appended
  /** Appends records of the broker's own (coordinators' topics); with `producer` as a transactional batch. */
  appendOwn(records: readonly OwnRecord[], leaderEpoch: number, producer?: ProducerStamp): Appended
  /** Ends a producer's transaction in this partition. Without an open one it still writes the marker and bumps the epoch. */
  appendMarker(
    type: 'commit' | 'abort',
    producer: ProducerStamp,
    coordinatorEpoch: number,
    leaderEpoch: number,
  ): Appended

  /**
   * Whole batches from the one that holds `offset` on, at most `bytesMax` unless `isAtLeastOne`; nothing at or behind the end, nor at or
   * behind the stable offset for `read_committed`. Throws OFFSET_OUT_OF_RANGE.
   */
  read(request: ReadRequest): ReadResult
  /** Calls every batch of the log from an offset on: to replay a coordinator's topic. */
  replay(from: number, onBatch: (records: Uint8Array) => void): void

  /** The first offset whose timestamp is at or after `timestamp`, and that timestamp; undefined when there is none. */
  offsetForTimestamp(timestamp: number, endOffset: number): OffsetAndTimestamp | undefined
  maxTimestamp(): OffsetAndTimestamp | undefined
  /** KIP-320: the end offset of the largest epoch at or below this one; -1 / -1 when unknown. */
  endOffsetForEpoch(leaderEpoch: number): { readonly epoch: number; readonly endOffset: number }
  /** Moves the start forward; throws OFFSET_OUT_OF_RANGE behind the end. */
  deleteRecordsBefore(offset: number): void
  producers(): readonly ProducerDescription[]
  /** Whether this producer has a transaction open here in this epoch: in a later one it is another, even if the marker is still missing. */
  hasOpenTransaction(producer: ProducerStamp): boolean

  /** Called after each append, synchronously. Returns the way to stop it. */
  onAppend(listener: () => void): () => void
  /** Removes what retention allows to remove; compacts if the topic is compacted. */
  retain(): void
  compact(): void
  flush(): void
}

export interface Appended {
  readonly baseOffset: number
  readonly lastOffset: number
  /** Milliseconds; -1 for create time. */
  readonly logAppendTime: number
  readonly isDuplicate: boolean
}

export interface OwnRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

export interface ProducerStamp {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface ReadRequest {
  readonly offset: number
  readonly bytesMax: number
  /** Return the first batch even when it exceeds `bytesMax`. */
  readonly isAtLeastOne: boolean
  readonly isCommittedOnly: boolean
}

export interface ReadResult {
  /** Consecutive parts of the log; views that stay valid. Empty at the end. */
  readonly records: readonly Uint8Array[]
  readonly bytes: number
  /** For `read_committed`: the aborted transactions that overlap what is returned, in the order of their first offsets; else null. */
  readonly aborted: readonly { readonly producerId: number; readonly firstOffset: number }[] | null
}

export interface OffsetAndTimestamp {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface ProducerDescription {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  /** -1 without an open transaction. */
  readonly currentTxnStartOffset: number
}

// ── coordinators ────────────────────────────────────────────────────────────────────────────────────────────────────

/** What others ask of the group coordinator; its APIs are its own (`groups/`). */
export interface Groups {
  /** The partition of `__consumer_offsets` that holds a group. */
  partitionOf(groupId: string): number
  /** A marker has been written to that partition of `__consumer_offsets`: its pending offsets count, or are forgotten. */
  transactionEnded(partition: number, producerId: number, isCommitted: boolean): void
  /** Fault verb: the member's session ends now. */
  expireMember(groupId: string, memberId: string): void
}

/** What others ask of the transaction coordinator; its APIs are its own (`transactions/`). */
export interface Transactions {
  /**
   * Whether a transactional batch may be written to a partition. `isImplicit` (TV2: Produce 12+, TxnOffsetCommit 5+ on a broker with
   * transaction.version 2): the partition is added to the transaction here. Returns a Kafka error code, 0 when it may.
   */
  admit(
    transactionalId: string,
    producer: ProducerStamp,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    isImplicit: boolean,
  ): number
  /**
   * Resolves when the markers of a transaction that is ending are written, at the latest after `timeoutMs`; undefined when there is
   * nothing to wait for.
   */
  settled(transactionalId: string, timeoutMs: number): Promise<void> | undefined
  /** A fresh producer id. */
  newProducerId(): number
  /** Fault verb: the open transaction of this id times out now. */
  expireTransaction(transactionalId: string): void
  /** Fault verb: as if another producer had been initialised. */
  bumpEpoch(transactionalId: string): void
}

// ── security ────────────────────────────────────────────────────────────────────────────────────────────────────────

export type AclOperation =
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'CLUSTER_ACTION'
  | 'DESCRIBE_CONFIGS'
  | 'ALTER_CONFIGS'
  | 'IDEMPOTENT_WRITE'
export type AclResource = 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID'

export interface Access {
  /** Whether a client may do this; always true without an authorizer. */
  may(client: Client, operation: AclOperation, resource: AclResource, name: string): boolean
  /** Whether there can be a resource with which it may do this. */
  mayAnywhere(client: Client, operation: AclOperation, resource: AclResource): boolean
  /** For `…AuthorizedOperations` fields: a bit per operation code; -2147483648 when not asked for. */
  operations(client: Client, resource: AclResource, name: string): number
}

export interface Quotas {
  /** There is none: nothing needs to be counted. */
  readonly isEmpty: boolean
  /** Counts what a client moved, and says for how long it should be quiet (KIP-219), in milliseconds. */
  throttleMs(client: Client, clientId: string | null, api: ApiName, bytes: number): number
}
