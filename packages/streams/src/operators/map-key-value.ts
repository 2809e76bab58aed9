import { madePair } from '../topology/synchronous.ts'
import type { Operator } from './operator.ts'

/** Makes a new key and value of a record. */
export type KeyValueMapper<K, V, L, W> = (key: K, value: V) => readonly [L, W]

/** `map`: replaces key and value. */
export function mapKeyValue(mapper: KeyValueMapper<unknown, unknown, unknown, unknown>): Operator {
  return {
    kind: 'map',
    prefix: 'KSTREAM-MAP-',
    calls: { mapper },
    changes: 'record',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        const pair = madePair('mapper', mapper(key, value))
        next(pair[0] ?? null, pair[1] ?? null, at)
      }
    },
  }
}
