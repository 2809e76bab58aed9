import type { Schema } from '@sluice/sdk'
import type { Deserializer, Serializer } from './serde.ts'

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
}

/** How a sink writes its topic. */
export interface Produced<K, V> extends Named {
  /** Default: the bytes as they are; the key or value must then be bytes or null. */
  readonly key?: Serializer<K>
  readonly value?: Serializer<V>
}

/** How a gate stands in the topology. */
export interface Gated extends Named {
  /** Where refused records go. Default: the quarantine topic of the source they came from. */
  readonly quarantine?: string
  /** The schemas of values and keys at this place: the rules are checked against them, and take dates and decimals for what they are. */
  readonly valueSchema?: Schema
  readonly keySchema?: Schema
}
