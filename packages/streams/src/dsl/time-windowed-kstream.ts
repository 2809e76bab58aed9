import type { FiguresOf } from '../figures/figure.ts'
import {
  counting,
  reducing,
  type Aggregation,
  type Aggregator,
  type Initializer,
  type Reducer,
} from '../operators/aggregator.ts'
import { slidingWindowAggregate } from '../operators/sliding-window-aggregate.ts'
import { windowView } from '../operators/table-view.ts'
import { timeWindowAggregate } from '../operators/time-window-aggregate.ts'
import type { Side } from '../serde.ts'
import { Serdes } from '../serdes.ts'
import type { SlidingWindows } from '../windows/sliding-windows.ts'
import type { FixedWindows, Windowed } from '../windows/window.ts'
import type { EmitStrategy, WindowMaterializing } from './emit-strategy.ts'
import { aggregate, type AggregationSpec, type Grouping } from './grouping.ts'
import { KStream } from './kstream.ts'
import { KTable } from './ktable.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import { retentionOf } from './stored.ts'
import { summarize, type Summarizing } from './summarize.ts'
import { fixedWindowedKey, slidingWindowedKey } from './windowed-keys.ts'

/** Kafka Streams' `TimeWindowedKStream`: the records of a grouped stream by key and window. */
export class TimeWindowedKStream<K, V> {
  readonly #grouping: Grouping
  readonly #windows: FixedWindows | SlidingWindows
  readonly #emit: EmitStrategy
  readonly #late: AggregationSpec['late']

  /** For the DSL: use `KGroupedStream.windowedBy`. */
  constructor(
    grouping: Grouping,
    windows: FixedWindows | SlidingWindows,
    emit: EmitStrategy = 'update',
    late?: AggregationSpec['late'],
  ) {
    this.#grouping = grouping
    this.#windows = windows
    this.#emit = emit
    this.#late = late
  }

  /**
   * When results are put out: at each update (default), or once per window, when it is closed.
   * @throws SluiceError TOPOLOGY_INVALID for windows that never close
   */
  emitStrategy(emit: EmitStrategy): TimeWindowedKStream<K, V> {
    if (emit === 'close' && this.#windows.kind === 'unlimited') {
      throw topologyInvalid(
        'Results that wait until their window closes would wait for ever: an unlimited window does not',
        'Put them out at each update, or take windows with an end.',
      )
    }
    return new TimeWindowedKStream(this.#grouping, this.#windows, emit, this.#late)
  }

  /**
   * What becomes of records that are too late for their windows: instead of being dropped they are a stream of their own, as they came.
   *
   * ```ts
   * clicks.groupByKey().windowedBy(windows).late((records) => records.to('clicks.late')).count()
   * ```
   */
  late(use: (records: KStream<K, V>) => void): TimeWindowedKStream<K, V> {
    return new TimeWindowedKStream(this.#grouping, this.#windows, this.#emit, (place) => use(new KStream(place)))
  }

  /** How many records there were of each key and window. */
  count(options: WindowMaterializing<K, number> = {}): KTable<Windowed<K>, number> {
    return this.#aggregate('KSTREAM-AGGREGATE-', counting, options, Serdes.long, this.#windows.kind !== 'sliding')
  }

  /** The values of each key and window made one, beginning with the first. A reducer that returns null deletes the row. */
  reduce(reducer: Reducer<V>, options: WindowMaterializing<K, V> = {}): KTable<Windowed<K>, V> {
    const { value } = this.#grouping.place
    return this.#aggregate('KSTREAM-REDUCE-', reducing(reducer as Reducer<unknown>), options, value, false)
  }

  /** An aggregate per key and window, begun by the initializer. An aggregator that returns null deletes the row. */
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: WindowMaterializing<K, A> = {},
  ): KTable<Windowed<K>, A> {
    const aggregation = { initializer, aggregator } as Aggregation
    return this.#aggregate('KSTREAM-AGGREGATE-', aggregation, options, null, false)
  }

  /** The figures of each key and window. */
  summarize<R>(figures: FiguresOf<V, R>, options: Summarizing<K> = {}): KTable<Windowed<K>, NonNullable<R>> {
    return summarize(figures, options, ({ initializer, aggregator }, rest) =>
      this.aggregate(initializer, aggregator, rest),
    )
  }

  #aggregate<A>(
    prefix: AggregationSpec['prefix'],
    aggregation: Aggregation,
    { name, materialized = {}, aggregatesNulls = false }: WindowMaterializing<K, A>,
    value: Side | null,
    burnsName: boolean,
  ): KTable<Windowed<K>, A> {
    const windows = this.#windows
    const emit = this.#emit
    const common = { prefix, burnsName, name, materialized, value, calls: { ...aggregation } }
    const parts = aggregate(this.#grouping, {
      ...common,
      ...windowedStore(windows, materialized.retentionMs),
      operator(store, table, late) {
        const aside = late === undefined ? {} : { late }
        return windows.kind === 'sliding'
          ? slidingWindowAggregate({ ...aggregation, prefix, windows, store, emit, table, ...aside })
          : timeWindowAggregate({ ...aggregation, prefix, windows, store, emit, table, aggregatesNulls, ...aside })
      },
      ...(this.#late === undefined ? {} : { late: this.#late }),
    })
    return new KTable(parts)
  }
}

/** The store of an aggregation over windows, and the keys of its table. */
export function windowedStore(
  windows: FixedWindows | SlidingWindows,
  retentionMs: number | undefined,
): Pick<AggregationSpec, 'define' | 'view' | 'keyOf'> & { readonly closedAfterMs?: number } {
  const isSliding = windows.kind === 'sliding'
  const windowSizeMs = isSliding ? windows.differenceMs : windows.sizeMs
  const leastMs = isSliding ? 2 * windows.differenceMs + windows.graceMs : windows.sizeMs + windows.graceMs
  return {
    define: (base) => ({
      kind: 'timestampedWindow',
      ...base,
      // The end of a sliding window belongs to it.
      retentionMs: retentionOf(base.name, retentionMs, leastMs) + (isSliding ? 1 : 0),
      windowSizeMs,
      retainDuplicates: false,
    }),
    view: windowView,
    keyOf: (key) => (isSliding ? slidingWindowedKey(key, windows.differenceMs) : fixedWindowedKey(key, windows)),
    ...(windows.kind === 'unlimited' ? {} : { closedAfterMs: windows.graceMs }),
  }
}
