import { DataError } from '@sluice/sdk'
import { figure, isGiven, retractable, type Figure, type Input, type RetractableFigure } from './figure.ts'

/** How many values there are, or how many for which the input says something. */
export function count<V>(of?: Input<V, unknown>): RetractableFigure<V, number> {
  const one = (value: V): number => (of === undefined || isGiven(of(value)) ? 1 : 0)
  return retractable<number, V, number>({
    initial: 0,
    add: (state, value) => state + one(value),
    subtract: (state, value) => state - one(value),
    merge: (a, b) => a + b,
    result: (state) => state,
  })
}

interface Sum {
  readonly sum: number
  readonly count: number
}

const NOTHING: Sum = { sum: 0, count: 0 }

/**
 * The sum; null of nothing. Exact for whole numbers up to 2^53; what fractions are taken out of again may leave a remainder of the size
 * of a rounding error, until nothing is left.
 */
export function sum<V>(of: Input<V, number>): RetractableFigure<V, number | null> {
  return summed(of, (total) => (total.count === 0 ? null : total.sum))
}

/** The arithmetic mean; null of nothing. */
export function avg<V>(of: Input<V, number>): RetractableFigure<V, number | null> {
  return summed(of, (total) => (total.count === 0 ? null : total.sum / total.count))
}

function summed<V>(of: Input<V, number>, result: (total: Sum) => number | null): RetractableFigure<V, number | null> {
  const by = (total: Sum, value: V, sign: 1 | -1): Sum => {
    const number = of(value)
    if (!isGiven(number)) return total
    if (typeof number !== 'number')
      throw new DataError(`A sum or a mean is made of numbers, and is given a ${typeof number}`)
    const count = total.count + sign
    return count === 0 ? NOTHING : { sum: total.sum + sign * number, count }
  }
  return retractable<Sum, V, number | null>({
    initial: NOTHING,
    add: (total, value) => by(total, value, 1),
    subtract: (total, value) => by(total, value, -1),
    merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
    result,
  })
}

/** The least; null of nothing. Texts are compared as JavaScript does. */
export function min<V, X extends number | string>(of: Input<V, X>): Figure<V, X | null> {
  return chosen(of, (a, b) => (b < a ? b : a))
}

/** The greatest; null of nothing. */
export function max<V, X extends number | string>(of: Input<V, X>): Figure<V, X | null> {
  return chosen(of, (a, b) => (b > a ? b : a))
}

/** The first that came; null of nothing. */
export function first<V, X>(of: Input<V, X>): Figure<V, X | null> {
  return chosen(of, (earlier) => earlier)
}

/** The last that came; null of nothing. */
export function last<V, X>(of: Input<V, X>): Figure<V, X | null> {
  return chosen(of, (_earlier, later) => later)
}

/** One of the inputs. */
function chosen<V, X>(of: Input<V, X>, choose: (earlier: X, later: X) => X): Figure<V, X | null> {
  const both = (a: X | null, b: X | null | undefined): X | null => {
    if (!isGiven(b)) return a
    return a === null ? b : choose(a, b)
  }
  return figure<X | null, V, X | null>({
    initial: null,
    add: (state, value) => both(state, of(value)),
    merge: both,
    result: (state) => state,
  })
}
