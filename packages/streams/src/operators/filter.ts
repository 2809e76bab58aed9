import type { Operator } from './operator.ts'

/** Whether a record is meant. It must neither change nor keep what it is given. */
export type Predicate<K, V> = (key: K, value: V) => boolean

/** Lets records pass for which the predicate has the wanted answer; the others are dropped, counted under the node's name. */
export function filter(predicate: Predicate<unknown, unknown>, wanted: boolean): Operator {
  return {
    kind: wanted ? 'filter' : 'filterNot',
    prefix: 'KSTREAM-FILTER-',
    calls: { predicate },
    compile(next, { node }) {
      return (key, value, at) => {
        at.node = node
        const answer = predicate(key, value)
        if (answer === wanted) next(key, value, at)
        else if (answer === !wanted) at.drop(node)
        else throw noAnswer(answer)
      }
    },
  }
}

/** What is thrown where a predicate answers neither true nor false. */
export function noAnswer(answer: unknown): Error {
  if (answer instanceof Promise) answer.catch(() => undefined)
  const what = answer instanceof Promise ? 'a promise' : answer === null ? 'null' : typeof answer
  return new TypeError(`The predicate answers ${what} where true or false is asked for`)
}
