import type { SessionStore, StateStore, TimestampedWindowStore, ValueAndTimestamp } from '../state/stores.ts'
import type { Windowed } from '../windows/window.ts'
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

/** The rows of a table that has a store. */
export function storeView(store: string, isVersioned = false): TableView {
  return {
    stores: [store],
    isVersioned,
    compile: (scope) => scope.store(store) as StateStore & ValueGetter<unknown, unknown>,
  }
}

/** The rows of a global table: every node may read them without being connected. */
export function globalView(store: string): TableView {
  return { ...storeView(store), stores: [] }
}

/** The rows of a table of windows: keys are `Windowed`. */
export function windowView(store: string): TableView {
  return {
    stores: [store],
    isVersioned: false,
    compile(scope) {
      const rows = scope.store(store) as TimestampedWindowStore<unknown, unknown>
      return {
        get(key) {
          const { key: inner, start } = key as Windowed<unknown>
          return rows.fetch(inner, start)
        },
      }
    },
  }
}

/** The rows of a table of sessions: keys are `Windowed`; the time of a row is the session's end. */
export function sessionView(store: string): TableView {
  return {
    stores: [store],
    isVersioned: false,
    compile(scope) {
      const rows = scope.store(store) as SessionStore<unknown, unknown>
      return {
        get(key) {
          const { key: inner, start, end } = key as Windowed<unknown>
          const value = rows.fetchSession(inner, start, end)
          return value === null ? null : { value, timestamp: end }
        },
      }
    },
  }
}
