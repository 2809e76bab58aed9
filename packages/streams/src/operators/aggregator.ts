/** The aggregate of no records. Null: none yet, so that the aggregator begins with null. */
export type Initializer<A> = () => A

/** Adds a value to an aggregate, or takes it out again (a subtractor). Null deletes the row. It must change neither of what it is given. */
export type Aggregator<K, V, A> = (key: K, value: V, aggregate: A) => A | null

/** Makes one of two values of a key. */
export type Reducer<V> = (aggregate: V, value: V) => V | null

/** Makes one of the aggregates of two sessions that turn out to be one: that of the earlier first. */
export type Merger<K, A> = (key: K, earlier: A, later: A) => A

export type AnyAggregator = Aggregator<unknown, unknown, unknown>

/** What `aggregate` is told, of any aggregation. */
export interface Aggregation {
  readonly initializer: Initializer<unknown>
  readonly aggregator: AnyAggregator
  /** What `reduce` is told, where the aggregator is made of it. */
  readonly reducer?: Reducer<unknown>
  /** Whether it never looks at the values. */
  readonly ignoresValues?: true
}

/** `count()`. */
export const counting: Aggregation = {
  initializer: () => 0,
  aggregator: (_key, _value, count) => (count as number) + 1,
  ignoresValues: true,
}

/** The subtractor of `count()` over a table. */
export const uncount: AnyAggregator = (_key, _value, count) => (count as number) - 1

/** `count()` over sessions. */
export const mergeCounts: Merger<unknown, unknown> = (_key, earlier, later) => (earlier as number) + (later as number)

/** `reduce()`: the first value of a key is its aggregate. */
export function reducing(reducer: Reducer<unknown>): Aggregation {
  return {
    reducer,
    initializer: () => null,
    aggregator: (_key, value, aggregate) => (aggregate === null ? value : reducer(aggregate, value)),
  }
}

/** The subtractor of `reduce()` over a table. */
export function unreducing(subtractor: Reducer<unknown>): AnyAggregator {
  return (_key, value, aggregate) => subtractor(aggregate, value)
}

/** `reduce()` over sessions. */
export function mergeReduced(reducer: Reducer<unknown>): Merger<unknown, unknown> {
  return (_key, earlier, later) => (earlier === null ? later : reducer(earlier, later))
}
