import type { JoinWindowStore } from '../state/stores.ts'
import type { Operator } from './operator.ts'

/** Before a stream-stream join: keeps each record for those of the other side that are to come. One without a key meets none. */
export function windowedStore({ store: name }: { readonly store: string }): Operator {
  return {
    kind: 'windowed',
    prefix: 'KSTREAM-WINDOWED-',
    compile(next, scope) {
      const { node } = scope
      const store = scope.store(name) as JoinWindowStore<unknown, unknown>
      const keepsValue = scope.keepsValue(name)
      return (key, value, at) => {
        at.node = node
        if (key !== null && value !== null) store.keep(key, value, at.timestamp, keepsValue ? at.valueBytes : null)
        next(key, value, at)
      }
    },
  }
}
