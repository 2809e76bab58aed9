import type { Operator } from './operator.ts'

/** Whether a record is meant. It must neither change nor keep what it is given. */
export type Predicate<K, V> = (key: K, value: V) => boolean

/** Lets records pass for which the predicate has the wanted answer; the others are dropped, counted under the node's name. */
export function filter(predicate: Predicate<unknown, unknown>, wanted: boolean): Operator {
  return {
    kind: wanted ? 'filter' : 'filterNot',
    prefix: 'KSTREAM-FILTER-',
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        if (predicate(key, value) === wanted) next(key, value, at)
        else at.drop(node)
      }
    },
  }
}
