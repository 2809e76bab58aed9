import { PUT_REFUSED, type StateStore, type ValueAndTimestamp } from '../state/stores.ts'
import type { NodeScope } from './operator.ts'

/**
 * What a node of a table does with its rows. Whether it keeps them, and whether it says what was there before, is decided by what
 * follows it: operators read this when they are compiled, not before.
 */
export interface TableOutput {
  /** The store of the table's own, of kind `timestampedKeyValue` or `versioned`; null: the rows are only passed on. */
  readonly store: string | null
  /** Whether changes carry old values. */
  readonly sendOldValues: boolean
}

/** A timestamped or a versioned key-value store, as tables use either. */
export interface TableStore extends StateStore {
  get(key: unknown): ValueAndTimestamp<unknown> | null
  /** Of a versioned store: null for the latest version, PUT_REFUSED. Otherwise nothing. */
  put(key: unknown, value: unknown, timestamp: number): number | null | void
  /** Of a versioned store. */
  getAsOf?(key: unknown, asOf: number): ValueAndTimestamp<unknown> | null
}

export function tableStore(scope: NodeScope, name: string): TableStore {
  return scope.store(name) as TableStore
}

/** Whether the store took a row, by what its `put` answered. */
export function isTaken(put: number | null | void): boolean {
  return put !== PUT_REFUSED
}

/** Whether the row is the latest of its key, by what `put` answered. */
export function isLatest(put: number | null | void): boolean {
  return put === null || put === undefined
}
