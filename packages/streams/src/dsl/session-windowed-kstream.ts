import type { FiguresOf } from '../figures/figure.ts'
import {
  counting,
  mergeCounts,
  mergeReduced,
  reducing,
  type Aggregation,
  type Aggregator,
  type Initializer,
  type Merger,
  type Reducer,
} from '../operators/aggregator.ts'
import { sessionWindowAggregate } from '../operators/session-window-aggregate.ts'
import { sessionView } from '../operators/table-view.ts'
import type { Side } from '../serde.ts'
import { Serdes } from '../serdes.ts'
import type { SessionWindows } from '../windows/session-windows.ts'
import type { Windowed } from '../windows/window.ts'
import type { EmitStrategy, WindowMaterializing } from './emit-strategy.ts'
import { aggregate, type AggregationSpec, type Grouping } from './grouping.ts'
import { KStream } from './kstream.ts'
import { KTable } from './ktable.ts'
import { retentionOf } from './stored.ts'
import { summarize, type Summarizing } from './summarize.ts'
import { sessionWindowedKey } from './windowed-keys.ts'

/** Kafka Streams' `SessionWindowedKStream`: the records of a grouped stream by key and session. */
export class SessionWindowedKStream<K, V> {
  readonly #grouping: Grouping
  readonly #windows: SessionWindows
  readonly #emit: EmitStrategy
  readonly #late: AggregationSpec['late']

  /** For the DSL: use `KGroupedStream.windowedBy`. */
  constructor(
    grouping: Grouping,
    windows: SessionWindows,
    emit: EmitStrategy = 'update',
    late?: AggregationSpec['late'],
  ) {
    this.#grouping = grouping
    this.#windows = windows
    this.#emit = emit
    this.#late = late
  }

  /** When results are put out: at each update (default), or once per session, when it is closed. */
  emitStrategy(emit: EmitStrategy): SessionWindowedKStream<K, V> {
    return new SessionWindowedKStream(this.#grouping, this.#windows, emit, this.#late)
  }

  /**
   * What becomes of records that are too late for their windows: instead of being dropped they are a stream of their own, as they came.
   *
   * ```ts
   * clicks.groupByKey().windowedBy(windows).late((records) => records.to('clicks.late')).count()
   * ```
   */
  late(use: (records: KStream<K, V>) => void): SessionWindowedKStream<K, V> {
    return new SessionWindowedKStream(this.#grouping, this.#windows, this.#emit, (place) => use(new KStream(place)))
  }

  /** How many records there were of each key and session. */
  count(options: WindowMaterializing<K, number> = {}): KTable<Windowed<K>, number> {
    return this.#aggregate('KSTREAM-AGGREGATE-', counting, mergeCounts, options, Serdes.long, true)
  }

  /** The values of each key and session made one, those of merged sessions too. A reducer that returns null deletes the row. */
  reduce(reducer: Reducer<V>, options: WindowMaterializing<K, V> = {}): KTable<Windowed<K>, V> {
    const untyped = reducer as Reducer<unknown>
    const { value } = this.#grouping.place
    return this.#aggregate('KSTREAM-REDUCE-', reducing(untyped), mergeReduced(untyped), options, value, false)
  }

  /** An aggregate per key and session; the merger makes one of two sessions' that a record between them joins. */
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    merger: Merger<K, A>,
    options: WindowMaterializing<K, A> = {},
  ): KTable<Windowed<K>, A> {
    const aggregation = { initializer, aggregator } as Aggregation
    return this.#aggregate('KSTREAM-AGGREGATE-', aggregation, merger as Merger<unknown, unknown>, options, null, false)
  }

  /** The figures of each key and session. */
  summarize<R>(figures: FiguresOf<V, R>, options: Summarizing<K> = {}): KTable<Windowed<K>, NonNullable<R>> {
    return summarize(figures, options, ({ initializer, aggregator, merger }, rest) =>
      this.aggregate(initializer, aggregator, merger, rest),
    )
  }

  #aggregate<A>(
    prefix: AggregationSpec['prefix'],
    aggregation: Aggregation,
    merger: Merger<unknown, unknown>,
    { name, materialized = {}, aggregatesNulls = false }: WindowMaterializing<K, A>,
    value: Side | null,
    burnsName: boolean,
  ): KTable<Windowed<K>, A> {
    const windows = this.#windows
    const emit = this.#emit
    const parts = aggregate(this.#grouping, {
      prefix,
      burnsName,
      name,
      materialized,
      value,
      calls: { ...aggregation, merger },
      ...sessionStore(windows, materialized.retentionMs),
      operator(store, table, late) {
        const aside = late === undefined ? {} : { late }
        return sessionWindowAggregate({
          ...aggregation,
          merger,
          prefix,
          windows,
          store,
          emit,
          table,
          aggregatesNulls,
          ...aside,
        })
      },
      ...(this.#late === undefined ? {} : { late: this.#late }),
    })
    return new KTable(parts)
  }
}

/** The store of an aggregation over sessions, and the keys of its table. */
export function sessionStore(
  { gapMs, graceMs }: SessionWindows,
  retentionMs: number | undefined,
): Pick<AggregationSpec, 'define' | 'view' | 'keyOf'> & { readonly closedAfterMs: number } {
  return {
    define: (base) => ({
      kind: 'session',
      ...base,
      // One more: a session that ends just when it could still be added to is open, and must be found to be closed.
      retentionMs: retentionOf(base.name, retentionMs, gapMs + graceMs) + 1,
    }),
    view: sessionView,
    keyOf: sessionWindowedKey,
    closedAfterMs: gapMs + graceMs,
  }
}
