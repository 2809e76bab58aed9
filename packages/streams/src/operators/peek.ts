import type { Operator } from './operator.ts'

/** Looks at a record without changing it. Not called again for records that a restarting task only remembers. */
export type ForeachAction<K, V> = (key: K, value: V) => void

/** Calls the action and hands the record on. */
export function peek(action: ForeachAction<unknown, unknown>): Operator {
  return {
    kind: 'peek',
    prefix: 'KSTREAM-PEEK-',
    compile(next, { node }) {
      return (key, value, at) => {
        if (at.live) {
          at.node = node
          action(key, value)
        }
        next(key, value, at)
      }
    },
  }
}
