import { passThrough } from '../operators/pass-through.ts'
import type { TableOutput } from '../operators/table-output.ts'
import type { TableView } from '../operators/table-view.ts'
import type { Operator } from '../operators/operator.ts'
import type { AnyGrouped, AnyMaterialized } from '../options.ts'
import type { Side } from '../serde.ts'
import type { StoreDefinition } from '../state/definition.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import type { Graph } from '../topology/graph.ts'
import type { Calls } from '../topology/synchronous.ts'
import type { TableParts } from './table-parts.ts'
import type { StreamPlace } from './place.ts'
import { behind, prepared, repartitioned } from './repartitioning.ts'
import { refuseHistory, storeBase, type Base } from './stored.ts'
import { AggregatedRows, writeStore } from './table-rows.ts'

/** A stream that is to be aggregated: where it is, and how its records come to their groups. */
export class Grouping {
  readonly place: StreamPlace
  readonly #name: string | undefined
  /** A named repartition topic is shared by all aggregations of the grouping. */
  #shared: GraphNode | null = null

  constructor(place: StreamPlace, { name, key, value }: AnyGrouped) {
    this.place = { ...place, key: key ?? place.key, value: value ?? place.value }
    this.#name = name
  }

  /** The stream with all records of a key in one partition. The topic is named after the store unless the grouping has a name. */
  partitioned(store: string): StreamPlace {
    const { place } = this
    if (!place.isRekeyed) return place
    if (this.#name === undefined) return repartitioned(place, store, {})
    const node = prepared(place, this.#name, {})
    this.#shared ??= node
    return behind(place, this.#shared)
  }
}

/** One kind of aggregation. */
export interface AggregationSpec {
  /** Of the node, and of the store's name. */
  readonly prefix: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'
  /** Kafka Streams generates a name too many here. */
  readonly burnsName: boolean
  readonly name: string | undefined
  readonly materialized: AnyMaterialized
  /** Of the aggregates, unless said. */
  readonly value: Side | null
  define(base: Base): StoreDefinition
  view(store: string): TableView
  /** `late` is the name of the child for late records, where there is one. */
  operator(store: string, output: TableOutput, late: string | undefined): Operator
  /** The user's functions in it. */
  readonly calls: Calls
  /** The table's key, of that of the stream. Default: the same. */
  keyOf?(key: Side): Side
  /** Of windowed tables: how long behind its end a window is final. */
  readonly closedAfterMs?: number
  /** Takes the stream of records that are too late for their windows. */
  late?(records: StreamPlace): void
}

/** Adds an aggregation and returns its table. */
export function aggregate(grouping: Grouping, spec: AggregationSpec): TableParts {
  const { graph } = grouping.place
  const { prefix, materialized } = spec
  if (spec.burnsName && materialized.name === undefined) graph.names.store(prefix)
  const storeName = materialized.name ?? graph.names.store(prefix)
  const name = graph.names.node(spec.name, prefix)
  const place = grouping.partitioned(storeName)
  const base = storeBase(storeName, materialized, {
    key: materialized.key ?? place.key,
    value: materialized.value ?? spec.value,
  })
  if (spec.keyOf !== undefined) refuseHistory(storeName, materialized)
  const definition = spec.define(base)
  const store = { name: storeName, isUnnamed: materialized.name === undefined, define: () => definition }
  const rows = new AggregatedRows(storeName, spec.view(storeName))
  const lateName = spec.late === undefined ? undefined : `${name}-late`
  const node: GraphNode = {
    name,
    write(to, { parents }) {
      writeStore(to, store)
      const operator = { ...spec.operator(storeName, rows.output, lateName), calls: spec.calls }
      to.processor({ name, predecessors: parents, operator }, [storeName])
    },
  }
  graph.add(node, [place.node])
  if (lateName !== undefined) spec.late!({ ...place, node: lateNode(graph, lateName, node) })
  const key = spec.keyOf?.(base.key) ?? base.key
  const { sources } = place
  const { closedAfterMs = null } = spec
  return { place: { graph, node, key, value: base.value, sources, closedAfterMs }, rows }
}

/** Where the stream of late records begins: a child of the aggregation that gets nothing else. */
function lateNode(graph: Graph, name: string, aggregation: GraphNode): GraphNode {
  const operator = passThrough('late', 'KSTREAM-LATE-')
  const node: GraphNode = { name, write: (to, { parents }) => to.processor({ name, predecessors: parents, operator }) }
  graph.add(node, [aggregation])
  return node
}
