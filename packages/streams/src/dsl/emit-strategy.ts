import type { Materializing } from '../options.ts'

/** Kafka Streams' `EmitStrategy`: `onWindowUpdate` and `onWindowClose`. */
export type EmitStrategy = 'update' | 'close'

/** A node that aggregates windows. */
export interface WindowMaterializing<K, A> extends Materializing<K, A> {
  /**
   * Gives null values to the aggregator, whatever its type says, as Kafka Streams does in tumbling, hopping, unlimited and session
   * windows (and nowhere else). Default: they are dropped and counted.
   */
  readonly aggregatesNulls?: boolean
}
