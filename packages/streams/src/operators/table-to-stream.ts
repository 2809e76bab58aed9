import type { Change } from '../dsl/change.ts'
import type { Operator } from './operator.ts'

/** The changes of a table as a stream: of each update its new value, null for a deleted row. */
export function tableToStream(): Operator {
  return {
    kind: 'toStream',
    prefix: 'KTABLE-TOSTREAM-',
    changes: 'value',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        next(key, (value as Change<unknown>).newValue, at)
      }
    },
  }
}
