import { NULL_KEY } from './drop-reasons.ts'
import type { Operator } from './operator.ts'

/** Before a repartition topic: a record without a key could not be aggregated or joined behind it, and need not be written. */
export function repartitionFilter(): Operator {
  return {
    kind: 'filter',
    prefix: 'KSTREAM-FILTER-',
    ignores: 'record',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        if (key === null) at.drop(NULL_KEY)
        else next(key, value, at)
      }
    },
  }
}
