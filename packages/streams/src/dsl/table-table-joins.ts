import { reversed, type AnyJoiner } from '../operators/joiner.ts'
import type { Operator } from '../operators/operator.ts'
import { joinedView, tableTableJoin, tableTableJoinMerge } from '../operators/table-table-join.ts'
import type { TableView } from '../operators/table-view.ts'
import type { AnyMaterializing } from '../options.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import { namedStore } from './derived-table.ts'
import { copartition } from './place.ts'
import type { TableParts } from './table-parts.ts'
import { DerivedRows, writeStore } from './table-rows.ts'

const PREFIX = 'KTABLE-MERGE-'

/** Joins two tables by their keys: a node per side, and one where the results become a table. */
export function joinTables(
  kind: 'inner' | 'left' | 'outer',
  left: TableParts,
  right: TableParts,
  joiner: AnyJoiner,
  { name: given, materialized }: AnyMaterializing = {},
): TableParts {
  const { graph } = left.place
  const sides = {
    key: materialized?.key ?? left.place.key ?? right.place.key,
    value: materialized?.value ?? null,
  }
  const sources = copartition(left.place, right.place)
  const isOfOneSource = [...left.place.sources].some((source) => right.place.sources.has(source))
  const store = namedStore(graph, PREFIX, materialized, sides)
  const name = graph.names.node(given, PREFIX)
  const thisName = graph.names.suffixed(given, '-join-this', 'KTABLE-JOINTHIS-')
  const otherName = graph.names.suffixed(given, '-join-other', 'KTABLE-JOINOTHER-')
  // An outer side must know whether there was a row, to say nothing of a key that never had one.
  if (kind !== 'inner') left.rows.sendOldValues(true)
  if (kind === 'outer') right.rows.sendOldValues(true)
  const leftView = left.rows.view()
  const rightView = right.rows.view()
  const isVersioned = materialized?.historyRetentionMs !== undefined
  const view = ([one, other]: readonly TableView[]): TableView => joinedView(one!, other!, joiner, kind)
  const rows = new DerivedRows([left.rows, right.rows], store, isVersioned, true, view)
  if (isOfOneSource && store === null) {
    rows.refuseOldValues(() =>
      topologyInvalid(
        `${name} joins tables that are made of one source: when both have changed, it cannot tell what a row was before`,
        'Let it keep its rows: give the join a store, as in materialized: { name, value }.',
        { node: name },
      ),
    )
  }
  const side = (of: TableParts, other: TableView, mine: AnyJoiner, isLeft: boolean): Operator =>
    tableTableJoin({
      prefix: isLeft ? 'KTABLE-JOINTHIS-' : 'KTABLE-JOINOTHER-',
      joiner: mine,
      other,
      joinsWithoutThis: kind === 'outer' || (kind === 'left' && !isLeft),
      joinsWithoutOther: kind === 'outer' || (kind === 'left' && isLeft),
      isOfOneSource,
      table: { sendOldValues: rows.output.sendOldValues && store === null },
      of: { isVersioned: of.rows.isVersioned },
    })
  const node: GraphNode = {
    name,
    write(to) {
      if (store !== null) writeStore(to, store)
      const one = { ...side(left, rightView, joiner, true), calls: { joiner } }
      const other = side(right, leftView, reversed(joiner), false)
      to.processor({ name: thisName, predecessors: [left.place.node.name], operator: one }, rightView.stores)
      to.processor({ name: otherName, predecessors: [right.place.node.name], operator: other }, leftView.stores)
      const merge = tableTableJoinMerge(rows.output)
      to.processor({ name, predecessors: [thisName, otherName], operator: merge }, store === null ? [] : [store.name])
    },
  }
  graph.add(node, [left.place.node, right.place.node])
  const grace = [left.place.closedAfterMs, right.place.closedAfterMs].filter((ms) => ms !== null)
  const closedAfterMs = grace.length === 0 ? null : Math.max(...grace)
  return { place: { graph, node, ...sides, sources, closedAfterMs }, rows }
}
