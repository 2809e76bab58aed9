import type { RawHeader } from '@sluice/sdk'

/** What goes with a record besides key and value, where it was read. Filled anew for each record: copy what is to be kept. */
export interface RecordFacts {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch; negative when the record has none. */
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null
}

/**
 * Kafka Streams' `TimestampExtractor`: the time of a record, milliseconds since the epoch. `partitionTime` is the largest that was
 * extracted from its partition so far, -1 before the first. A negative answer drops the record; what it throws diverts it, and so does what
 * is no time.
 */
export type TimestampExtractor<K = unknown, V = unknown> = (
  record: RecordFacts,
  key: K | null,
  value: V | null,
  partitionTime: number,
) => number

/** Kafka Streams' `TopicNameExtractor`: the topic a record goes to. The topics must exist; what is no name of a topic diverts the record. */
export type TopicNameExtractor<K = unknown, V = unknown> = (key: K, value: V, record: RecordFacts) => string

/**
 * Kafka Streams' `StreamPartitioner`: the partition a record goes to, several of them (KIP-873), none (an empty list), or null for
 * the default. Any other answer diverts the record.
 */
export type StreamPartitioner<K = unknown, V = unknown> = (
  topic: string,
  key: K,
  value: V,
  partitions: number,
) => number | readonly number[] | null
