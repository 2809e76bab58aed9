import type { Aggregation, Aggregator, AnyAggregator, Initializer, Merger } from '../operators/aggregator.ts'
import type { Operator } from '../operators/operator.ts'
import { passThrough } from '../operators/pass-through.ts'
import { sessionWindowAggregate } from '../operators/session-window-aggregate.ts'
import { slidingWindowAggregate } from '../operators/sliding-window-aggregate.ts'
import { streamAggregate } from '../operators/stream-aggregate.ts'
import type { TableOutput } from '../operators/table-output.ts'
import { storeView } from '../operators/table-view.ts'
import { timeWindowAggregate } from '../operators/time-window-aggregate.ts'
import type { AnyMaterializing, Materializing } from '../options.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import type { SessionWindows } from '../windows/session-windows.ts'
import type { SlidingWindows } from '../windows/sliding-windows.ts'
import type { FixedWindows, Windowed } from '../windows/window.ts'
import type { WindowMaterializing } from './emit-strategy.ts'
import type { AggregationSpec, Grouping } from './grouping.ts'
import type { KGroupedStream } from './kgrouped-stream.ts'
import { KTable } from './ktable.ts'
import type { Calls } from '../topology/synchronous.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import { copartition } from './place.ts'
import { sessionStore } from './session-windowed-kstream.ts'
import { refuseHistory, storeBase, unwindowed } from './stored.ts'
import type { TableParts } from './table-parts.ts'
import { AggregatedRows, writeStore } from './table-rows.ts'
import { windowedStore } from './time-windowed-kstream.ts'

const AGGREGATE = 'COGROUPKSTREAM-AGGREGATE-'

/** The streams of a cogroup, each with what adds its values to the common aggregate. */
type Members = ReadonlyMap<Grouping, AnyAggregator>

/** Kafka Streams' `CogroupedKStream`: several grouped streams that are aggregated into one table. */
export class CogroupedKStream<K, A> {
  readonly #members: Members

  private constructor(members: Members) {
    this.#members = members
  }

  /** For the DSL: use `KGroupedStream.cogroup`. */
  static of<K, V, A>(grouped: KGroupedStream<K, V>, aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    return new CogroupedKStream(new Map([[grouped.grouping, aggregator as AnyAggregator]]))
  }

  /** Adds a stream. */
  cogroup<V>(grouped: KGroupedStream<K, V>, aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    if (this.#members.has(grouped.grouping)) {
      throw topologyInvalid(
        'A grouped stream is cogrouped twice, and only one of the aggregators would be called',
        'Let one aggregator do what both do, or group the stream a second time.',
      )
    }
    return new CogroupedKStream(new Map([...this.#members, [grouped.grouping, aggregator as AnyAggregator]]))
  }

  /** The aggregate per key. */
  aggregate(initializer: Initializer<A>, options: Materializing<K, A> = {}): KTable<K, A> {
    const { historyRetentionMs } = options.materialized ?? {}
    const parts = cogrouped(this.#members, initializer, options, {
      define: (base) => unwindowed(base, options.materialized ?? {}),
      view: (store) => storeView(store, historyRetentionMs !== undefined),
      operator: (aggregation, _store, table) => streamAggregate({ ...aggregation, prefix: AGGREGATE, table }),
    })
    return new KTable(parts)
  }

  /** Aggregates per window: tumbling, hopping, unlimited, calendar or sliding ones. */
  windowedBy(windows: FixedWindows | SlidingWindows): TimeWindowedCogroupedKStream<K, A>
  /** Aggregates per session. */
  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, A>
  windowedBy(
    windows: FixedWindows | SlidingWindows | SessionWindows,
  ): TimeWindowedCogroupedKStream<K, A> | SessionWindowedCogroupedKStream<K, A> {
    if (windows.kind === 'session') return new SessionWindowedCogroupedKStream(this.#members, windows)
    return new TimeWindowedCogroupedKStream(this.#members, windows)
  }
}

/** Kafka Streams' `TimeWindowedCogroupedKStream`. */
export class TimeWindowedCogroupedKStream<K, A> {
  readonly #members: Members
  readonly #windows: FixedWindows | SlidingWindows

  /** For the DSL: use `CogroupedKStream.windowedBy`. */
  constructor(members: Members, windows: FixedWindows | SlidingWindows) {
    this.#members = members
    this.#windows = windows
  }

  /** The aggregate per key and window. */
  aggregate(initializer: Initializer<A>, options: WindowMaterializing<K, A> = {}): KTable<Windowed<K>, A> {
    const windows = this.#windows
    const { materialized, aggregatesNulls = false } = options
    const parts = cogrouped(this.#members, initializer, options, {
      ...windowedStore(windows, materialized?.retentionMs),
      operator(aggregation, store, table) {
        const common = { ...aggregation, prefix: AGGREGATE, store, emit: 'update', table } as const
        return windows.kind === 'sliding'
          ? slidingWindowAggregate({ ...common, windows })
          : timeWindowAggregate({ ...common, windows, aggregatesNulls })
      },
    })
    return new KTable(parts)
  }
}

/** Kafka Streams' `SessionWindowedCogroupedKStream`. */
export class SessionWindowedCogroupedKStream<K, A> {
  readonly #members: Members
  readonly #windows: SessionWindows

  /** For the DSL: use `CogroupedKStream.windowedBy`. */
  constructor(members: Members, windows: SessionWindows) {
    this.#members = members
    this.#windows = windows
  }

  /** The aggregate per key and session. */
  aggregate(
    initializer: Initializer<A>,
    merger: Merger<K, A>,
    options: WindowMaterializing<K, A> = {},
  ): KTable<Windowed<K>, A> {
    const windows = this.#windows
    const { materialized, aggregatesNulls = false } = options
    const parts = cogrouped(this.#members, initializer, options, {
      ...sessionStore(windows, materialized?.retentionMs),
      calls: { merger },
      operator: (aggregation, store, table) =>
        sessionWindowAggregate({
          ...aggregation,
          merger: merger as Merger<unknown, unknown>,
          prefix: AGGREGATE,
          windows,
          store,
          emit: 'update',
          table,
          aggregatesNulls,
        }),
    })
    return new KTable(parts)
  }
}

interface CogroupSpec extends Pick<AggregationSpec, 'define' | 'view' | 'keyOf' | 'closedAfterMs'> {
  /** The user's functions besides initializer and aggregator. */
  readonly calls?: Calls
  operator(aggregation: Aggregation, store: string, table: TableOutput): Operator
}

/** One aggregating node per stream over one store, and a node where their changes become one table. */
function cogrouped(
  members: Members,
  initializer: Initializer<unknown>,
  { name: given, materialized = {} }: AnyMaterializing,
  spec: CogroupSpec,
): TableParts {
  const [first] = members.keys()
  const { graph } = first!.place
  const storeName = materialized.name ?? graph.names.store(AGGREGATE)
  const places = [...members.keys()].map((grouping) => grouping.partitioned(storeName))
  const sources = copartition(...places)
  const base = storeBase(storeName, materialized, {
    key: materialized.key ?? places.find((place) => place.key !== null)?.key ?? null,
    value: materialized.value ?? null,
  })
  if (spec.keyOf !== undefined) refuseHistory(storeName, materialized)
  const definition = spec.define(base)
  const store = { name: storeName, isUnnamed: materialized.name === undefined, define: () => definition }
  const rows = new AggregatedRows(storeName, spec.view(storeName))
  const nodes = [...members.values()].map((aggregator, i): GraphNode => {
    const name = graph.names.suffixed(given, `-cogroup-agg-${i}`, AGGREGATE)
    const node: GraphNode = {
      name,
      write(to, { parents }) {
        writeStore(to, store)
        const aggregation = { initializer, aggregator }
        const operator = {
          ...spec.operator(aggregation, storeName, rows.output),
          calls: { ...aggregation, ...spec.calls },
        }
        to.processor({ name, predecessors: parents, operator }, [storeName])
      },
    }
    graph.add(node, [places[i]!.node])
    return node
  })
  const name = graph.names.suffixed(given, '-cogroup-merge', 'COGROUPKSTREAM-MERGE-')
  const operator = passThrough('cogroupMerge', 'COGROUPKSTREAM-MERGE-')
  const node: GraphNode = { name, write: (to, { parents }) => to.processor({ name, predecessors: parents, operator }) }
  graph.add(node, nodes)
  const key = spec.keyOf?.(base.key) ?? base.key
  const { closedAfterMs = null } = spec
  return { place: { graph, node, key, value: base.value, sources, closedAfterMs }, rows }
}
