import { made, madeAll } from '../topology/synchronous.ts'
import type { Operator } from './operator.ts'

/** Makes any number of values of one. */
export type FlatValueMapper<K, V, W> = (value: V, key: K) => Iterable<W>

/** `flatMapValues`: a record that nothing is made of is dropped, counted under the node's name. */
export function flatMapValues(mapper: FlatValueMapper<unknown, unknown, unknown>): Operator {
  return {
    kind: 'flatMapValues',
    prefix: 'KSTREAM-FLATMAPVALUES-',
    calls: { mapper },
    changes: 'value',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        let count = 0
        for (const newValue of madeAll('mapper', mapper(value, key))) {
          count++
          next(key, made('mapper', newValue), at)
          at.node = node
        }
        if (count === 0) at.drop(node)
      }
    },
  }
}
