import { topologyInvalid } from '../topology/topology-invalid.ts'
import { figure, isGiven, type Figure, type Input } from './figure.ts'

/** The k greatest, greatest first; equal ones more than once. */
export function topK<V, X extends number | string>(k: number, of: Input<V, X>): Figure<V, readonly X[]> {
  if (!Number.isInteger(k) || k < 1)
    throw topologyInvalid(`topK of ${k} keeps nothing`, 'Give a whole number of at least 1.')
  return figure<readonly X[], V, readonly X[]>({
    initial: [],
    add(kept, value) {
      const input = of(value)
      if (!isGiven(input)) return kept
      if (kept.length === k && input <= kept[k - 1]!) return kept
      const behind = kept.findIndex((other) => other < input)
      const at = behind === -1 ? kept.length : behind
      return [...kept.slice(0, at), input, ...kept.slice(at, k - 1)]
    },
    merge: (a, b) => [...a, ...b].toSorted(descending).slice(0, k),
    result: (kept) => kept,
  })
}

function descending<X extends number | string>(a: X, b: X): number {
  return a < b ? 1 : a > b ? -1 : 0
}
