import { refusePromise, type Immediate } from '../topology/synchronous.ts'
import type { Operator } from './operator.ts'

/** Looks at a record without changing it. Not called again for records that a restarting task only remembers. */
export type ForeachAction<K, V> = (key: K, value: V) => Immediate

/** Calls the action and hands the record on. */
export function peek(action: ForeachAction<unknown, unknown>): Operator {
  return {
    kind: 'peek',
    prefix: 'KSTREAM-PEEK-',
    calls: { action },
    compile(next, { node }) {
      return (key, value, at) => {
        if (at.live) {
          at.node = node
          const answer = action(key, value)
          if (answer !== undefined) refusePromise('action', answer)
        }
        next(key, value, at)
      }
    },
  }
}
