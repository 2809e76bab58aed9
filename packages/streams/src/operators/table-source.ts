import type { Change } from '../dsl/change.ts'
import { NULL_KEY } from './drop-reasons.ts'
import type { Operator } from './operator.ts'
import { isLatest, isTaken, tableStore, type TableOutput } from './table-output.ts'

export interface TableSourceOptions {
  readonly table: TableOutput
  /** Absent: `KTABLE-SOURCE-`. */
  readonly prefix?: string
  readonly kind?: string
}

/**
 * Takes the records of a stream for the rows of a table: the latest per key in the order they come, or in a versioned store by their
 * time. A null value deletes; a record without a key is dropped.
 */
export function tableSource(options: TableSourceOptions): Operator {
  const { table } = options
  return {
    kind: options.kind ?? 'tableSource',
    prefix: options.prefix ?? 'KTABLE-SOURCE-',
    changes: 'value',
    compile(next, scope) {
      const { node } = scope
      if (table.store === null) {
        return (key, value, at) => {
          at.node = node
          if (key === null) return scope.drop(at, NULL_KEY)
          const change: Change<unknown> = { newValue: value, oldValue: null, isLatest: true }
          next(key, change, at)
        }
      }
      const store = tableStore(scope, table.store)
      const { sendOldValues } = table
      return (key, value, at) => {
        at.node = node
        if (key === null) return scope.drop(at, NULL_KEY)
        const old = sendOldValues ? store.get(key) : null
        const put = store.put(key, value, at.timestamp)
        if (!isTaken(put)) return
        at.keep()
        const change: Change<unknown> = {
          newValue: value,
          oldValue: old === null ? null : old.value,
          isLatest: isLatest(put),
        }
        next(key, change, at)
      }
    },
  }
}

/** `toTable()`. */
export function streamToTable(options: TableSourceOptions): Operator {
  return tableSource({ kind: 'toTable', prefix: 'KSTREAM-TOTABLE-', ...options })
}
