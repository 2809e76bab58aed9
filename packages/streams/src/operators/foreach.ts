import { refusePromise } from '../topology/synchronous.ts'
import type { Operator } from './operator.ts'
import type { ForeachAction } from './peek.ts'

/** Calls the action; the record's way ends. Not called again for records that a restarting task only remembers. */
export function foreach(action: ForeachAction<unknown, unknown>): Operator {
  return {
    kind: 'foreach',
    prefix: 'KSTREAM-FOREACH-',
    calls: { action },
    compile(_next, { node }) {
      return (key, value, at) => {
        at.keep()
        if (!at.live) return
        at.node = node
        const answer = action(key, value)
        if (answer !== undefined) refusePromise('action', answer)
      }
    },
  }
}
