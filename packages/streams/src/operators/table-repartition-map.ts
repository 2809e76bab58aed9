import type { Change } from '../dsl/change.ts'
import { madePair } from '../topology/synchronous.ts'
import { OUT_OF_ORDER } from './drop-reasons.ts'
import type { KeyValueMapper } from './map-key-value.ts'
import type { Operator } from './operator.ts'

export interface TableRepartitionMapOptions {
  /** The group of a row, and what is aggregated of it. Where either is null, the row is in no group. */
  readonly mapper: KeyValueMapper<unknown, unknown, unknown, unknown>
  /** Whether two groups are the same one: by their bytes. */
  readonly isSameKey: (a: unknown, b: unknown) => boolean
  /** Read when compiled: whether the table is versioned, so that rows behind later ones change no aggregate. */
  readonly of: { readonly isVersioned: boolean }
}

/**
 * Sends the changes of a table to their groups. Where a row stays in its group, old and new value go as one change, and so make one
 * result (KIP-904); where it moves, the old group is told first.
 */
export function tableRepartitionMap({ mapper, isSameKey, of }: TableRepartitionMapOptions): Operator {
  return {
    kind: 'groupBy',
    prefix: 'KTABLE-SELECT-',
    calls: { mapper },
    changes: 'record',
    compile(next, scope) {
      const { node } = scope
      const { isVersioned } = of
      return (key, value, at) => {
        at.node = node
        const from = value as Change<unknown>
        if (isVersioned && !from.isLatest) return scope.drop(at, OUT_OF_ORDER)
        const newPair = from.newValue === null ? null : madePair('mapper', mapper(key, from.newValue))
        const oldPair = from.oldValue === null ? null : madePair('mapper', mapper(key, from.oldValue))
        const hasNew = newPair !== null && isSome(newPair[0]) && isSome(newPair[1])
        const hasOld = oldPair !== null && isSome(oldPair[0]) && isSome(oldPair[1])
        if (!hasNew && !hasOld) return at.keep()
        if (hasNew && hasOld && isSameKey(newPair[0], oldPair[0])) {
          const change: Change<unknown> = { newValue: newPair[1], oldValue: oldPair[1], isLatest: true }
          return next(newPair[0], change, at)
        }
        if (hasOld) {
          const change: Change<unknown> = { newValue: null, oldValue: oldPair[1], isLatest: true }
          next(oldPair[0], change, at)
        }
        if (hasNew) {
          const change: Change<unknown> = { newValue: newPair[1], oldValue: null, isLatest: true }
          next(newPair[0], change, at)
        }
      }
    },
  }
}

function isSome(value: unknown): boolean {
  return value !== null && value !== undefined
}
