import { streamToTable } from '../operators/table-source.ts'
import type { AnyMaterializing } from '../options.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import type { StreamPlace } from './place.ts'
import { repartitioned } from './repartitioning.ts'
import { tableStoreDefinition } from './stored.ts'
import type { TableParts } from './table-parts.ts'
import { SourceRows, writeStore } from './table-rows.ts'

const PREFIX = 'KSTREAM-TOTABLE-'

/** The latest value of each key as a table. It keeps its rows when a name for the store is given, or somebody asks for them. */
export function toTable(stream: StreamPlace, { name: given, materialized = {} }: AnyMaterializing): TableParts {
  const { graph } = stream
  const name = graph.names.node(given, PREFIX)
  const storeName = materialized.name ?? graph.names.store(PREFIX)
  const sides = { key: materialized.key ?? stream.key, value: materialized.value ?? stream.value }
  const place = stream.isRekeyed
    ? repartitioned(stream, name, { key: sides.key ?? undefined, value: sides.value ?? undefined })
    : stream
  const rows = new SourceRows(
    {
      name: storeName,
      isUnnamed: materialized.name === undefined,
      define: () => tableStoreDefinition(storeName, materialized, sides),
    },
    materialized.historyRetentionMs !== undefined,
  )
  const node: GraphNode = {
    name,
    write(to, { parents }) {
      const { output } = rows
      if (output.store !== null) writeStore(to, rows.store)
      const stores = output.store === null ? [] : [output.store]
      to.processor({ name, predecessors: parents, operator: streamToTable({ table: output }) }, stores)
    },
  }
  graph.add(node, [place.node])
  return { place: { graph, node, ...sides, sources: place.sources, closedAfterMs: null }, rows }
}
