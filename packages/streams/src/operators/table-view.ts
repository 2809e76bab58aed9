import type { ValueAndTimestamp } from '../state/stores.ts'
import type { NodeScope } from './operator.ts'

/**
 * Kafka Streams' `KTableValueGetter`: the rows of a table, seen from a node that looks something up. A table without a store of its
 * own answers from its parent's rows and its own function.
 */
export interface ValueGetter<K, V> {
  get(key: K): ValueAndTimestamp<V> | null
  /** What held at that time; only of tables in a versioned store. */
  getAsOf?(key: K, timestamp: number): ValueAndTimestamp<V> | null
}

/** How a node gets the rows of a table. `stores` are those that it must be connected to. */
export interface TableView {
  readonly stores: readonly string[]
  readonly isVersioned: boolean
  /** Compiled once per task and looking node. */
  compile(scope: NodeScope): ValueGetter<unknown, unknown>
}
