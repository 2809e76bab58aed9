import type { Operator } from './operator.ts'

/** Makes any number of records of one. */
export type FlatMapper<K, V, L, W> = (key: K, value: V) => Iterable<readonly [L, W]>

/** `flatMap`: a record that nothing is made of is dropped, counted under the node's name. */
export function flatMap(mapper: FlatMapper<unknown, unknown, unknown, unknown>): Operator {
  return {
    kind: 'flatMap',
    prefix: 'KSTREAM-FLATMAP-',
    calls: { mapper },
    changes: 'record',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        let made = 0
        for (const [newKey, newValue] of mapper(key, value)) {
          made++
          next(newKey, newValue, at)
          at.node = node
        }
        if (made === 0) at.drop(node)
      }
    },
  }
}
