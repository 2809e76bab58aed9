/**
 * A record on its way: what a source hands in, what a sink is given, what transforms change.
 *
 * Records are plain objects and are treated as immutable: a stage that changes one makes a copy (`{ ...record, topic }`),
 * and hands on the very same object when it changes nothing.
 */
import type { Schema } from './schema.ts'
import type { Value } from './value.ts'

/** A record header in Connect's sense: a value with its schema. Several headers may share a key; order is kept. */
export interface Header {
  readonly key: string
  readonly schema: Schema | null
  readonly value: Value
}

/** Headers in order. A record without headers has `null`, so that the common case allocates nothing. */
export type Headers = readonly Header[] | null

/** What every record has (Connect's `ConnectRecord`). A null schema means: schemaless. */
export interface ConnectRecord {
  readonly topic: string
  readonly keySchema: Schema | null
  readonly key: Value
  readonly valueSchema: Schema | null
  readonly value: Value
  /** Milliseconds since the epoch; null: the producer sets the time of sending. */
  readonly timestamp: number | null
  readonly headers: Headers
}

/** Names one stream inside a source: a file, a table, a shard. Serialised to JSON; equal JSON means the same partition. */
export type SourcePartition = Readonly<Record<string, string | number | bigint | boolean | null>>

/** How far a source partition has been read, in the source's own terms. Serialised to JSON: of 64 bits, integers beyond 2^53 are bigints. */
export type SourcePosition = Readonly<Record<string, string | number | bigint | boolean | null>>

/**
 * A record from a source. `sourcePosition` is the place *after* this record: reading resumes there once it is stored.
 * Sources should hand out the same `sourcePartition` object for all records of that partition.
 */
export interface SourceRecord extends ConnectRecord {
  readonly sourcePartition: SourcePartition
  readonly sourcePosition: SourcePosition
  /** The topic's partition to send to; null: decided by key, as Kafka's own producer would. */
  readonly partition: number | null
}

export type TimestampType = 'create' | 'append' | 'none'

/** A record for a sink, with its coordinates in Kafka. */
export interface SinkRecord extends ConnectRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampType: TimestampType
  /** Coordinates before any transform changed the record (KIP-793); positions are kept in these. */
  readonly originalTopic: string
  readonly originalPartition: number
  readonly originalOffset: number
  /** What the sink's own `scan` said of the value's bytes. With it, `value` is decoded when it is first read, and is no own property. */
  readonly scanned?: unknown
}

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** The next offset to read of a partition. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number
}

/** A header as Kafka keeps it: bytes. */
export interface RawHeader {
  readonly key: string
  readonly value: Uint8Array | null
}
