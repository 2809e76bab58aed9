import type { RawHeader } from '@sluice/sdk'
import { partitionForKey } from '@sluice/kafka'
import type { Serializer } from '../../serde.ts'
import { encodeWith } from '../test-topics.ts'

/** A record that a source topic gets. */
export interface SimulatedInput {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  /** When it is written, in milliseconds since the beginning. 0: it is there before the first instance starts. */
  readonly atMs: number
  readonly headers?: readonly RawHeader[]
  /** Default: by the key, as producers do; the first one without a key. */
  readonly partition?: number
}

/** Makes records of a topic from keys and values. */
export function inputsOf<K, V>(
  topic: string,
  key: Serializer<K>,
  value: Serializer<V>,
): (key: K | null, value: V | null, facts: Omit<SimulatedInput, 'topic' | 'key' | 'value'>) => SimulatedInput {
  return (k, v, facts) => ({ topic, key: encodeWith(topic, key, k), value: encodeWith(topic, value, v), ...facts })
}

/** The partition of a record, of so many. */
export function partitionOf({ key, partition }: SimulatedInput, partitions: number): number {
  return partition ?? (key === null ? 0 : partitionForKey(key, partitions))
}
