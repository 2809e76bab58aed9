import { madeAll, madePair } from '../topology/synchronous.ts'
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
        let count = 0
        for (const answer of madeAll('mapper', mapper(key, value))) {
          count++
          const pair = madePair('mapper', answer)
          next(pair[0] ?? null, pair[1] ?? null, at)
          at.node = node
        }
        if (count === 0) at.drop(node)
      }
    },
  }
}
