import type { RetractableFiguresOf } from '../figures/figure.ts'
import {
  counting,
  reducing,
  uncount,
  unreducing,
  type Aggregation,
  type Aggregator,
  type AnyAggregator,
  type Initializer,
  type Reducer,
} from '../operators/aggregator.ts'
import type { KeyValueMapper } from '../operators/map-key-value.ts'
import { tableAggregate } from '../operators/table-aggregate.ts'
import { tableRepartitionMap } from '../operators/table-repartition-map.ts'
import { storeView } from '../operators/table-view.ts'
import type { Grouped, Materializing } from '../options.ts'
import type { Serde, Side } from '../serde.ts'
import { Serdes } from '../serdes.ts'
import { changeSerde } from '../state/formats/change-serde.ts'
import { codecOf } from '../state/formats/side-codec.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import type { Calls } from '../topology/synchronous.ts'
import { KTable } from './ktable.ts'
import type { Place } from './place.ts'
import { known, storeBase, unwindowed } from './stored.ts'
import { summarize, type Summarizing } from './summarize.ts'
import { AggregatedRows, writeStore } from './table-rows.ts'

const STORE_PREFIX = 'KTABLE-AGGREGATE-'

/**
 * Kafka Streams' `KGroupedTable`: the rows of a table under new keys, to be aggregated. A row that changes is first taken out of its
 * group by a subtractor, then added to the one it is in now.
 */
export class KGroupedTable<K, V> {
  readonly #place: Place
  readonly #name: string | undefined
  /** A named repartition topic is shared by all aggregations of the grouping. */
  #shared: GraphNode | null = null

  private constructor(place: Place, name: string | undefined) {
    this.#place = place
    this.#name = name
  }

  /** For the DSL: use `KTable.groupBy`. */
  static of<K, V, L, W>(
    table: KTable<K, V>,
    mapper: KeyValueMapper<K, V, L, W>,
    grouped: Grouped<NonNullable<L>, NonNullable<W>>,
  ): KGroupedTable<NonNullable<L>, NonNullable<W>> {
    const { graph } = table.place
    const name = graph.names.node(grouped.name, 'KTABLE-SELECT-')
    const key = known(grouped.key, 'keys', name)
    const value = known(grouped.value, 'values', name)
    table.rows.sendOldValues(true)
    const node: GraphNode = {
      name,
      write(to, { parents }) {
        const operator = tableRepartitionMap({
          mapper: mapper as KeyValueMapper<unknown, unknown, unknown, unknown>,
          isSameKey: sameBytes(key, name),
          of: { isVersioned: table.rows.isVersioned },
        })
        to.processor({ name, predecessors: parents, operator })
      },
    }
    graph.add(node, [table.place.node])
    return new KGroupedTable({ graph, node, key, value, sources: table.place.sources }, grouped.name)
  }

  /** How many rows there are in each group. */
  count(options: Materializing<K, number> = {}): KTable<K, number> {
    return this.#aggregate('KTABLE-AGGREGATE-', { ...counting, subtractor: uncount }, options, Serdes.long)
  }

  /** The values of each group made one; the subtractor takes a value out again. A null result deletes the row. */
  reduce(adder: Reducer<V>, subtractor: Reducer<V>, options: Materializing<K, V> = {}): KTable<K, V> {
    const aggregation = {
      ...reducing(adder as Reducer<unknown>),
      subtractor: unreducing(subtractor as Reducer<unknown>),
    }
    return this.#aggregate('KTABLE-REDUCE-', aggregation, options, this.#place.value, { subtractor })
  }

  /** An aggregate per group; the subtractor takes a value out again. A null result deletes the row. */
  aggregate<A>(
    initializer: Initializer<A>,
    adder: Aggregator<K, V, A>,
    subtractor: Aggregator<K, V, A>,
    options: Materializing<K, A> = {},
  ): KTable<K, A> {
    const aggregation = {
      initializer,
      aggregator: adder as AnyAggregator,
      subtractor: subtractor as AnyAggregator,
    }
    return this.#aggregate('KTABLE-AGGREGATE-', aggregation, options, null)
  }

  /** The figures of each group, of those that can take a row out again: `count`, `sum`, `avg`. */
  summarize<R>(figures: RetractableFiguresOf<V, R>, options: Summarizing<K> = {}): KTable<K, NonNullable<R>> {
    return summarize(figures, options, ({ initializer, aggregator, subtractor }, rest) =>
      this.aggregate(initializer, aggregator, subtractor, rest),
    )
  }

  #aggregate<A>(
    prefix: 'KTABLE-AGGREGATE-' | 'KTABLE-REDUCE-',
    aggregation: Aggregation & { readonly subtractor: AnyAggregator },
    { name: given, materialized = {} }: Materializing<K, A>,
    value: Side | null,
    calls: Calls = {},
  ): KTable<K, A> {
    const { graph } = this.#place
    const storeName = materialized.name ?? graph.names.store(STORE_PREFIX)
    const sinkName = graph.names.suffixed(given, '-sink', 'KSTREAM-SINK-')
    const sourceName = graph.names.suffixed(given, '-source', 'KSTREAM-SOURCE-')
    const name = graph.names.node(given, prefix)
    const repartition = this.#repartition(storeName, sinkName, sourceName)
    const { historyRetentionMs } = materialized
    const base = storeBase(storeName, materialized, {
      key: materialized.key ?? this.#place.key,
      value: materialized.value ?? value,
    })
    const definition = unwindowed(base, materialized)
    const store = { name: storeName, isUnnamed: materialized.name === undefined, define: () => definition }
    const rows = new AggregatedRows(storeName, storeView(storeName, historyRetentionMs !== undefined))
    const node: GraphNode = {
      name,
      write(to, { parents }) {
        writeStore(to, store)
        const operator = {
          ...tableAggregate({ ...aggregation, prefix, table: rows.output }),
          calls: { ...aggregation, ...calls },
        }
        to.processor({ name, predecessors: parents, operator }, [storeName])
      },
    }
    graph.add(node, [repartition])
    const sources = new Set([repartition.name])
    return new KTable<K, A>({
      place: { graph, node, key: base.key, value: base.value, sources, closedAfterMs: null },
      rows,
    })
  }

  /** The topic that brings changes to their groups: old and new values in one record where a row stays in its group (KIP-904). */
  #repartition(store: string, sinkName: string, sourceName: string): GraphNode {
    if (this.#shared !== null) return this.#shared
    const { graph, node: parent } = this.#place
    const topic = `${this.#name ?? store}-repartition`
    const key = this.#place.key!
    const value = changeSerde(this.#place.value as Serde<unknown>)
    const node: GraphNode = {
      name: sourceName,
      repartition: { topic, key, value, filterName: '', sinkName, sourceName, partitions: null },
      write(to, { parents, isGenerated }) {
        to.repartition({ name: topic, partitions: null, isUnnamed: isGenerated(topic) })
        to.sink({ name: sinkName, predecessors: parents, topic, key, value })
        to.source({ name: sourceName, topics: [topic], key, value, quarantine: null })
      },
    }
    graph.add(node, [parent])
    if (this.#name !== undefined) this.#shared = node
    return node
  }
}

/** Whether two keys are written alike. */
function sameBytes(side: Side, topic: string): (a: unknown, b: unknown) => boolean {
  const codec = codecOf<unknown>(side, topic)
  return (a, b) => a === b || Buffer.compare(codec.encode(a) ?? NONE, codec.encode(b) ?? NONE) === 0
}

const NONE = new Uint8Array(0)
