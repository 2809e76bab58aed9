import type { Operator } from '../operators/operator.ts'
import type { TableOutput } from '../operators/table-output.ts'
import type { TableView } from '../operators/table-view.ts'
import type { AnyMaterialized, AnyMaterializing } from '../options.ts'
import type { Side } from '../serde.ts'
import type { StoreDefinition } from '../state/definition.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import type { Graph } from '../topology/graph.ts'
import type { TableParts } from './table-parts.ts'
import { tableStoreDefinition, type KnownSides } from './stored.ts'
import { DerivedRows, writeStore, type StoreOfTable } from './table-rows.ts'

export interface DerivedTable {
  readonly prefix: string
  /** Of its values, unless said. */
  readonly value: Side | null
  /** Its rows where it keeps none, of its parent's. */
  readonly view: (parent: TableView) => TableView
  /** Stores that it uses besides its own. */
  readonly stores?: readonly (string | StoreDefinition)[]
  readonly operator: (table: TableOutput) => Operator
}

/** A table whose rows are made of another one's, one of each. */
export function derivedTable(
  parent: TableParts,
  { name: given, materialized }: AnyMaterializing,
  { prefix, value, view, operator, stores = [] }: DerivedTable,
): TableParts {
  const { place } = parent
  const { graph } = place
  const sides = { key: materialized?.key ?? place.key, value: materialized?.value ?? value }
  const store = namedStore(graph, prefix, materialized, sides)
  const name = graph.names.node(given, prefix)
  const isVersioned = materialized?.historyRetentionMs !== undefined
  const rows = new DerivedRows([parent.rows], store, isVersioned, false, ([parent]) => view(parent!))
  const node: GraphNode = {
    name,
    write(to, { parents }) {
      if (store !== null) writeStore(to, store)
      for (const one of stores) if (typeof one !== 'string') to.store(one)
      const used = namesOf(stores)
      const own = store === null ? used : [store.name, ...used]
      to.processor({ name, predecessors: parents, operator: operator(rows.output) }, own)
    },
  }
  graph.add(node, [place.node])
  return { place: { ...place, ...sides, node }, rows }
}

/** The store of a table that has one only if it is named. Where it is not, Kafka Streams generates a name all the same. */
export function namedStore(
  graph: Graph,
  prefix: string,
  materialized: AnyMaterialized | undefined,
  sides: KnownSides,
): StoreOfTable | null {
  if (materialized === undefined) return null
  const { name } = materialized
  if (name === undefined) {
    graph.names.store(prefix)
    return null
  }
  const definition = tableStoreDefinition(name, materialized, sides)
  return { name, isUnnamed: false, define: () => definition }
}

export function namesOf(stores: readonly (string | StoreDefinition)[]): readonly string[] {
  return stores.map((store) => (typeof store === 'string' ? store : store.name))
}
