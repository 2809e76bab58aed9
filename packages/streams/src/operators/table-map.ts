/** What `filter`, `mapValues` and their like on tables have in common: a new value made of each value, null of null. */
import type { Change } from '../dsl/change.ts'
import type { NodeScope, Operator, Step } from './operator.ts'
import { isLatest, isTaken, tableStore, type TableOutput } from './table-output.ts'
import type { TableView, ValueGetter } from './table-view.ts'
import { made, type Calls } from '../topology/synchronous.ts'

/** Makes the table's value of its parent's; null: no row. */
export type RowMapper = (value: unknown, key: unknown) => unknown

export interface TableMapOptions {
  readonly kind: string
  readonly prefix: string
  readonly map: RowMapper
  readonly table: TableOutput
  /** Passes nothing on where there was no row and is none, as `filter` does when old values are asked for. */
  readonly skipsNothing: boolean
  /** The user's functions in `map`. */
  readonly calls?: Calls
}

export function tableMap(options: TableMapOptions): Operator {
  const { kind, prefix, table, calls = {} } = options
  return {
    kind,
    prefix,
    calls,
    changes: 'value',
    compile: (next, scope) =>
      table.store === null ? virtual(options, next, scope) : materialized(options, table.store, next, scope),
  }
}

function virtual({ map, table, skipsNothing }: TableMapOptions, next: Step, { node }: NodeScope): Step {
  const { sendOldValues } = table
  return (key, value, at) => {
    at.node = node
    const from = value as Change<unknown>
    const newValue = from.newValue === null ? null : made('mapper', map(from.newValue, key))
    const oldValue = !sendOldValues || from.oldValue === null ? null : made('mapper', map(from.oldValue, key))
    if (skipsNothing && sendOldValues && newValue === null && oldValue === null) return at.keep()
    const change: Change<unknown> = { newValue, oldValue, isLatest: from.isLatest }
    next(key, change, at)
  }
}

function materialized({ map, table, skipsNothing }: TableMapOptions, name: string, next: Step, scope: NodeScope): Step {
  const { node } = scope
  const { sendOldValues } = table
  const store = tableStore(scope, name)
  return (key, value, at) => {
    at.node = node
    const from = value as Change<unknown>
    const newValue = from.newValue === null ? null : made('mapper', map(from.newValue, key))
    const old = sendOldValues ? store.get(key) : null
    if (skipsNothing && sendOldValues && newValue === null && old === null) return at.keep()
    const put = store.put(key, newValue, at.timestamp)
    if (!isTaken(put)) return
    at.keep()
    const change: Change<unknown> = {
      newValue,
      oldValue: old === null ? null : old.value,
      isLatest: isLatest(put),
    }
    next(key, change, at)
  }
}

/** The rows of a table that has no store: made of its parent's when they are looked up. */
export function mappedView(parent: TableView, map: RowMapper): TableView {
  return {
    stores: parent.stores,
    isVersioned: parent.isVersioned,
    compile(scope) {
      const rows = parent.compile(scope)
      const getter: ValueGetter<unknown, unknown> = {
        get: (key) => mapped(rows.get(key), key, map),
      }
      return rows.getAsOf === undefined
        ? getter
        : { ...getter, getAsOf: (key, timestamp) => mapped(rows.getAsOf!(key, timestamp), key, map) }
    },
  }
}

function mapped(row: ReturnType<ValueGetter<unknown, unknown>['get']>, key: unknown, map: RowMapper): typeof row {
  if (row === null) return null
  const value = made('mapper', map(row.value, key))
  return value === null ? null : { value, timestamp: row.timestamp }
}
