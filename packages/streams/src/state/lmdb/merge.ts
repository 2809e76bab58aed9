/** Something in an order: one of several lists of its kind that are read as one. */
export interface Placed {
  readonly order: string
}

/**
 * Lists that are in order, ascending or descending, as one. Where several have the same place, the first list's is taken and the
 * others' are passed over: an overlay comes before what it covers.
 */
export function* merged<T extends Placed>(lists: readonly Iterable<T>[], isReverse: boolean): Generator<T, void> {
  const walks = lists.map((list) => list[Symbol.iterator]())
  const heads = walks.map((walk) => walk.next())
  try {
    for (;;) {
      let best: T | null = null
      for (const head of heads) {
        if (head.done === true) continue
        if (best === null || (isReverse ? head.value.order > best.order : head.value.order < best.order))
          best = head.value
      }
      if (best === null) return
      for (const [at, head] of heads.entries())
        if (head.done !== true && head.value.order === best.order) heads[at] = walks[at]!.next()
      yield best
    }
  } finally {
    for (const walk of walks) walk.return?.()
  }
}
