import type { Change } from '../dsl/change.ts'
import type { ValueAndTimestamp } from '../state/stores.ts'
import { made } from '../topology/synchronous.ts'
import { NULL_KEY, OUT_OF_ORDER } from './drop-reasons.ts'
import type { AnyJoiner } from './joiner.ts'
import type { Operator } from './operator.ts'
import { isLatest, isTaken, tableStore, type TableOutput } from './table-output.ts'
import type { TableView, ValueGetter } from './table-view.ts'

export interface TableTableJoinOptions {
  /** `KTABLE-JOINTHIS-` for the left table, `KTABLE-JOINOTHER-` for the right. */
  readonly prefix?: string
  /** Of this side's value and the other side's: see `reversed`. */
  readonly joiner: AnyJoiner
  /** The other table's rows. */
  readonly other: TableView
  /** Whether there is a result when this side has no row: for the right table of a left join, and for both of an outer one. */
  readonly joinsWithoutThis: boolean
  /** Whether there is a result when the other side has no row: for the left table of a left join, and for both of an outer one. */
  readonly joinsWithoutOther: boolean
  /**
   * Whether both tables are made of one source, as in a join of a table with itself: a row that is deleted is gone from both before either
   * side is told, so that neither finds the other's, and what had come of both must be deleted nevertheless.
   */
  readonly isOfOneSource?: boolean
  /** Read when compiled: whether the result's changes carry old values. */
  readonly table: { readonly sendOldValues: boolean }
  /** Read when compiled: whether this side's table is versioned, so that rows behind later ones are passed over. */
  readonly of: { readonly isVersioned: boolean }
}

/** One side of a join of two tables by their keys: each change of it meets the other side's row. Results carry the later time. */
export function tableTableJoin(options: TableTableJoinOptions): Operator {
  return {
    kind: 'join',
    prefix: options.prefix ?? 'KTABLE-JOINTHIS-',
    changes: 'value',
    compile(next, scope) {
      const { node } = scope
      const { joiner, joinsWithoutThis, joinsWithoutOther, isOfOneSource = false } = options
      const { sendOldValues } = options.table
      const { isVersioned } = options.of
      const rows = options.other.compile(scope)
      return (key, value, at) => {
        at.node = node
        if (key === null) return scope.drop(at, NULL_KEY)
        const from = value as Change<unknown>
        if (isVersioned && !from.isLatest) return scope.drop(at, OUT_OF_ORDER)
        const other = rows.get(key)
        if (other === null) {
          if (!joinsWithoutOther) {
            if (!isOfOneSource || from.newValue !== null) return at.keep()
            const gone: Change<unknown> = { newValue: null, oldValue: null, isLatest: from.isLatest }
            return next(key, gone, at)
          }
          // There is nothing to say of a key that neither table has or had.
          if (from.newValue === null && from.oldValue === null) return at.keep()
        }
        const theirs = other === null ? null : other.value
        const hasResult = joinsWithoutThis && other !== null
        const change: Change<unknown> = {
          newValue: hasResult || from.newValue !== null ? made('joiner', joiner(from.newValue, theirs, key)) : null,
          oldValue:
            sendOldValues && (hasResult || from.oldValue !== null)
              ? made('joiner', joiner(from.oldValue, theirs, key))
              : null,
          isLatest: from.isLatest,
        }
        const { timestamp } = at
        if (other !== null && other.timestamp > timestamp) at.timestamp = other.timestamp
        next(key, change, at)
        at.timestamp = timestamp
      }
    },
  }
}

/** Where both sides' results become one table. */
export function tableTableJoinMerge(table: TableOutput): Operator {
  return {
    kind: 'joinMerge',
    prefix: 'KTABLE-MERGE-',
    compile(next, scope) {
      const { node } = scope
      if (table.store === null) return next
      const { sendOldValues } = table
      const store = tableStore(scope, table.store)
      return (key, value, at) => {
        at.node = node
        const { newValue } = value as Change<unknown>
        const old = sendOldValues ? store.get(key) : null
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
    },
  }
}

/** The rows of a join that has no store: joined when they are looked up. */
export function joinedView(
  left: TableView,
  right: TableView,
  joiner: AnyJoiner,
  kind: 'inner' | 'left' | 'outer',
): TableView {
  return {
    stores: [...new Set([...left.stores, ...right.stores])],
    isVersioned: false,
    compile(scope): ValueGetter<unknown, unknown> {
      const lefts = left.compile(scope)
      const rights = right.compile(scope)
      return {
        get(key): ValueAndTimestamp<unknown> | null {
          const one = lefts.get(key)
          if (one === null && kind !== 'outer') return null
          const other = rights.get(key)
          if (other === null && (kind === 'inner' || one === null)) return null
          const value = made(
            'joiner',
            joiner(one === null ? null : one.value, other === null ? null : other.value, key),
          )
          if (value === null) return null
          return {
            value,
            timestamp: Math.max(one === null ? -1 : one.timestamp, other === null ? -1 : other.timestamp),
          }
        },
      }
    },
  }
}
