import { made } from '../topology/synchronous.ts'
import type { Operator } from './operator.ts'

/**
 * Makes a new value of a value. A null value is a tombstone and is given like any other. What it throws diverts the record
 * (or fails the task: `processing.exception.handler`); a DataError whose place names a `field` gives the reason that name.
 */
export type ValueMapper<K, V, W> = (value: V, key: K) => W

/** Replaces the value; the key stays. */
export function mapValues(mapper: ValueMapper<unknown, unknown, unknown>): Operator {
  return {
    kind: 'mapValues',
    prefix: 'KSTREAM-MAPVALUES-',
    calls: { mapper },
    changes: 'value',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        next(key, made('mapper', mapper(value, key)), at)
      }
    },
  }
}
