import type { Schema } from '@sluice/sdk'
import type { Deserializer, Serde, Serializer, Side } from './serde.ts'
import type { StoreEngine } from './state/definition.ts'
import type { ErrorPolicies, ErrorPolicy, OffsetReset } from './topology/node.ts'
import type { StreamPartitioner, TimestampExtractor } from './topology/record-functions.ts'

/** Kafka Streams' `Named`. Without a name a node gets its operator's prefix and a running number. */
export interface Named {
  readonly name?: string
}

/** How a source reads its topics. */
export interface Consumed<K, V> extends Named {
  /** Default: the bytes as they are. */
  readonly key?: Deserializer<K>
  readonly value?: Deserializer<V>
  /**
   * The topic for records of this source that cannot go on: undecodable, refused by a gate, or the cause of an exception.
   * Default: the application's `quarantineTopic`.
   */
  readonly quarantine?: string
  /**
   * Decodes every key and value, so that what cannot be decoded is quarantined. Default: false: one that nothing behind the source looks at
   * is not decoded, and a value counts as there if it has bytes.
   */
  readonly checked?: boolean
  /** What becomes of records of this source on which something throws, there or further on. Default: as the settings say. */
  readonly onError?: ErrorPolicies
  /** The time of its records. Default: their own timestamps. */
  readonly timestampExtractor?: TimestampExtractor<K, V>
  /** Where to begin without a committed offset. Default: at the earliest record. */
  readonly offsetReset?: OffsetReset
}

/** How a sink writes its topic. */
export interface Produced<K, V> extends Named {
  /** Default: that of the stream. Where an operator made new keys or values they must be given: `Serdes.bytes` for bytes. */
  readonly key?: Serializer<K>
  readonly value?: Serializer<V>
  /** Default: by the hash of the key's bytes, for windowed keys of the key within. */
  readonly partitioner?: StreamPartitioner<K, V>
  /** What becomes of a record whose result cannot be written. Default: as its source says, or the settings. */
  readonly onError?: ErrorPolicy
}

/** How a gate stands in the topology. */
export interface Gated extends Named {
  /** Where refused records go. Default: the quarantine topic of the source they came from. */
  readonly quarantine?: string
  /** The schemas of values and keys at this place: the rules are checked against them, and take dates and decimals for what they are. */
  readonly valueSchema?: Schema
  readonly keySchema?: Schema
}

/** How an operator makes calls that take their time. */
export interface AsyncMapping extends Named {
  /** Most calls at a time, per task. Default: 16. */
  readonly concurrency?: number
  /** Default: 30,000. */
  readonly timeoutMs?: number
  /** Whether results of different keys keep the order of their records too. Default: false. */
  readonly keepsOrder?: boolean
}

/** Where rows are kept. */
export interface Stored {
  /** Default: `lmdb`, which keeps what does not fit into memory. */
  readonly engine?: StoreEngine
  /** Settings of the changelog topic beyond the default ones; false: no changelog, so that the rows are lost with the task. */
  readonly logging?: false | Readonly<Record<string, string>>
  /** Whether updates of a key within one commit become one changelog record and one result. Default: true. */
  readonly caching?: boolean
}

/**
 * Kafka Streams' `Materialized`: the store of a table. On operators that need none (`filter`, `mapValues`, joins of tables, `toTable`)
 * a store is only made where a name is given.
 */
export interface Materialized<K, V> extends AnyMaterialized {
  readonly key?: Serde<K>
  readonly value?: Serde<V>
}

/** `Materialized`, whatever is kept. */
export interface AnyMaterialized extends Stored {
  /** The store's name, which is also its changelog's. */
  readonly name?: string
  readonly key?: Side
  readonly value?: Side
  /** Keeps all versions of a row for so long (KIP-889). Not of windowed tables. */
  readonly historyRetentionMs?: number
  /** Of windowed tables: how long windows are kept. Default, and least: size and grace. */
  readonly retentionMs?: number
}

/** A node that makes a table. */
export interface Materializing<K, V> extends AnyMaterializing {
  readonly materialized?: Materialized<K, V>
}
export interface AnyMaterializing extends Named {
  readonly materialized?: AnyMaterialized
}

/** How a topic is read as a table. */
export interface TableConsumed<K, V> extends Consumed<K, V> {
  readonly materialized?: Materialized<K, V>
}

/** Kafka Streams' `Grouped`: how records come to their groups. The name is that of the repartition topic. */
export interface Grouped<K, V> extends AnyGrouped {
  readonly key?: Serde<K>
  readonly value?: Serde<V>
}
export interface AnyGrouped extends Named {
  readonly key?: Side
  readonly value?: Side
}

/** Kafka Streams' `Repartitioned`. */
export interface Repartitioned<K, V> extends Named {
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  /** Default: what it is joined with decides, or what it is made of. */
  readonly partitions?: number
  readonly partitioner?: StreamPartitioner<K, V>
}

/** Kafka Streams' `Joined`: of a stream with a table. The name is also that of a repartition topic, should there be one. */
export interface Joined<K, V> extends AnyJoined {
  readonly key?: Serde<K>
  /** Of the stream's values. */
  readonly value?: Serde<V>
}
export interface AnyJoined extends Named {
  readonly key?: Side
  readonly value?: Side
  /** Lets records wait for rows of their time that may come so late (KIP-923). The table must be versioned for at least as long. */
  readonly graceMs?: number
}

/** Kafka Streams' `StreamJoined`: of two streams within a window. */
export interface StreamJoined<K, L, R> extends AnyStreamJoined {
  readonly key?: Serde<K>
  readonly value?: Serde<L>
  readonly otherValue?: Serde<R>
}
export interface AnyStreamJoined extends Named, Stored {
  readonly key?: Side
  readonly value?: Side
  readonly otherValue?: Side
  /** What the names of the stores begin with. */
  readonly storeName?: string
}

/** Kafka Streams' `TableJoined`: of two tables by a foreign key. */
export interface TableJoined<K, V> extends AnyTableJoined {
  readonly materialized?: Materialized<K, V>
}
export interface AnyTableJoined extends AnyMaterializing {
  /** How the left table's topics are partitioned, and the right table's, where not by the hash of the key's bytes. */
  readonly partitioner?: StreamPartitioner
  readonly otherPartitioner?: StreamPartitioner
}

/** Makes the result of a join. What a left or outer join did not find is null. */
export type ValueJoiner<K, L, R, O> = (left: L, right: R, key: K) => O
