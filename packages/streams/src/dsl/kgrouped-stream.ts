import type { FiguresOf } from '../figures/figure.ts'
import {
  counting,
  reducing,
  type Aggregation,
  type Aggregator,
  type Initializer,
  type Reducer,
} from '../operators/aggregator.ts'
import { streamAggregate } from '../operators/stream-aggregate.ts'
import { storeView } from '../operators/table-view.ts'
import type { Grouped, Materializing } from '../options.ts'
import type { Side } from '../serde.ts'
import { Serdes } from '../serdes.ts'
import type { SessionWindows } from '../windows/session-windows.ts'
import { SlidingWindows } from '../windows/sliding-windows.ts'
import type { FixedWindows } from '../windows/window.ts'
import { CogroupedKStream } from './cogrouped-kstream.ts'
import { aggregate, Grouping, type AggregationSpec } from './grouping.ts'
import { KTable } from './ktable.ts'
import type { StreamPlace } from './place.ts'
import { unwindowed } from './stored.ts'
import { SessionWindowedKStream } from './session-windowed-kstream.ts'
import { summarize, type Summarizing } from './summarize.ts'
import { TimeWindowedKStream } from './time-windowed-kstream.ts'

/**
 * Kafka Streams' `KGroupedStream`: the records of a stream by key, to be aggregated into a table. Records without a key or a value are
 * dropped.
 */
export class KGroupedStream<K, V> {
  /** For the DSL. */
  readonly grouping: Grouping

  /** For the DSL: use `KStream.groupByKey` and `KStream.groupBy`. */
  constructor(place: StreamPlace, grouped: Grouped<K, V>) {
    this.grouping = new Grouping(place, grouped)
  }

  /** How many records there were of each key. */
  count(options: Materializing<K, number> = {}): KTable<K, number> {
    return this.#aggregate('KSTREAM-AGGREGATE-', counting, options, Serdes.long, true)
  }

  /** The values of each key made one, beginning with the first. A reducer that returns null deletes the row. */
  reduce(reducer: Reducer<V>, options: Materializing<K, V> = {}): KTable<K, V> {
    const { value } = this.grouping.place
    return this.#aggregate('KSTREAM-REDUCE-', reducing(reducer as Reducer<unknown>), options, value, false)
  }

  /** An aggregate per key, begun by the initializer. An aggregator that returns null deletes the row. */
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: Materializing<K, A> = {},
  ): KTable<K, A> {
    const aggregation = { initializer, aggregator } as Aggregation
    return this.#aggregate('KSTREAM-AGGREGATE-', aggregation, options, null, false)
  }

  /**
   * The figures of each key: `summarize({ orders: Figures.count(), revenue: Figures.sum((order) => order.amount) })` makes rows of
   * `{ orders, revenue }`.
   */
  summarize<R>(figures: FiguresOf<V, R>, options: Summarizing<K> = {}): KTable<K, NonNullable<R>> {
    return summarize(figures, options, ({ initializer, aggregator }, rest) =>
      this.aggregate(initializer, aggregator, rest),
    )
  }

  /** Aggregates per window: tumbling, hopping, unlimited, calendar or sliding ones. */
  windowedBy(windows: FixedWindows | SlidingWindows): TimeWindowedKStream<K, V>
  /** Aggregates per session. */
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V>
  windowedBy(
    windows: FixedWindows | SlidingWindows | SessionWindows,
  ): TimeWindowedKStream<K, V> | SessionWindowedKStream<K, V> {
    if (windows.kind === 'session') return new SessionWindowedKStream(this.grouping, windows)
    return new TimeWindowedKStream(this.grouping, windows)
  }

  /** Begins an aggregate of several streams: add the others with `cogroup`. */
  cogroup<A>(aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    return CogroupedKStream.of(this, aggregator)
  }

  #aggregate<A>(
    prefix: AggregationSpec['prefix'],
    aggregation: Aggregation,
    { name, materialized = {} }: Materializing<K, A>,
    value: Side | null,
    burnsName: boolean,
  ): KTable<K, A> {
    const { historyRetentionMs } = materialized
    const table = aggregate(this.grouping, {
      prefix,
      burnsName,
      name,
      materialized,
      value,
      define: (base) => unwindowed(base, materialized),
      view: (store) => storeView(store, historyRetentionMs !== undefined),
      calls: { ...aggregation },
      operator: (_store, table) => streamAggregate({ ...aggregation, prefix, table }),
    })
    return new KTable(table)
  }
}
