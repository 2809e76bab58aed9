/** Makes the result of a join of the values of both sides. The other side's is null where a left or outer join found none. */
export type ValueJoiner<K, L, R, O> = (left: L, right: R, key: K) => O

/** The same, by an operator that knows only its own side and the other one's. */
export type AnyJoiner = (mine: unknown, theirs: unknown, key: unknown) => unknown

/** A joiner as the right side sees it. */
export function reversed(joiner: AnyJoiner): AnyJoiner {
  return (mine, theirs, key) => joiner(theirs, mine, key)
}
