import { made } from '../topology/synchronous.ts'
import type { Operator } from './operator.ts'

/** Makes a key of a record. */
export type KeySelector<K, V, L> = (key: K, value: V) => L

export interface SelectKeyOptions {
  readonly selector: KeySelector<unknown, unknown, unknown>
  /** Absent: `KSTREAM-KEY-SELECT-`. */
  readonly prefix?: string
}

/** `selectKey`, and the keys of `groupBy`: the value stays. */
export function selectKey({ selector, prefix = 'KSTREAM-KEY-SELECT-' }: SelectKeyOptions): Operator {
  return {
    kind: 'selectKey',
    prefix,
    calls: { selector },
    changes: 'key',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        next(made('selector', selector(key, value)), value, at)
      }
    },
  }
}
