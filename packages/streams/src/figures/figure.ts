import { refusePromise } from '../topology/synchronous.ts'

/**
 * One figure of a summary: what it knows of the values so far (its state, plain JSON), and what it says of them. A null or absent input
 * says nothing, as in SQL; nor do NaN and infinity, which JSON has no words for.
 */
export interface Figure<in V, out R> {
  /** Of no values. */
  readonly initial: unknown
  /** Changes nothing that it is given. */
  add(state: unknown, value: V): unknown
  /** Of two sets of values, the earlier first. */
  merge(earlier: unknown, later: unknown): unknown
  result(state: unknown): R
}

/** A figure that can also take a value out again, as tables need whose rows change. */
export interface RetractableFigure<in V, out R> extends Figure<V, R> {
  subtract(state: unknown, value: V): unknown
}

/** The figures of a summary by their names. */
export type FiguresOf<V, R> = { readonly [F in keyof R]: Figure<V, R[F]> }
export type RetractableFiguresOf<V, R> = { readonly [F in keyof R]: RetractableFigure<V, R[F]> }

/** What a figure looks at in a value. */
export type Input<V, X> = (value: V) => X | null | undefined

/**
 * Whether an input says something. What JSON turns into null would be something else after a restart.
 * @throws TypeError for a promise
 */
export function isGiven<X>(input: X | null | undefined): input is X {
  if (typeof input === 'number') return Number.isFinite(input)
  refusePromise('input of a figure', input)
  return input !== null && input !== undefined
}

/** A figure whose state is of one type. */
export function figure<S, V, R>(parts: {
  readonly initial: S
  add(state: S, value: V): S
  merge(earlier: S, later: S): S
  result(state: S): R
}): Figure<V, R> {
  return parts
}

export function retractable<S, V, R>(parts: {
  readonly initial: S
  add(state: S, value: V): S
  subtract(state: S, value: V): S
  merge(earlier: S, later: S): S
  result(state: S): R
}): RetractableFigure<V, R> {
  return parts
}
