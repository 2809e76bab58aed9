import type { AnyJoiner } from '../operators/joiner.ts'
import type { KeySelector } from '../operators/select-key.ts'
import { streamGlobalJoin, streamTableJoin } from '../operators/stream-table-join.ts'
import type { TableView } from '../operators/table-view.ts'
import type { AnyJoined, Named } from '../options.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import { checkDuration } from '../windows/duration-check.ts'
import { copartition, type StreamPlace } from './place.ts'
import { repartitionedForJoin } from './repartitioned-for-join.ts'
import { storeBase } from './stored.ts'
import type { TableParts } from './table-parts.ts'

/** Joins a stream with a table by key. */
export function joinTable(
  kind: 'inner' | 'left',
  stream: StreamPlace,
  table: TableParts,
  joiner: AnyJoiner,
  joined: AnyJoined = {},
): StreamPlace {
  const { graph } = stream
  const place = repartitionedForJoin(stream, joined.name ?? stream.node.name, joined)
  const sources = copartition(place, table.place)
  const prefix = kind === 'left' ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-'
  const name = graph.names.node(joined.name, prefix)
  const view = table.rows.view()
  const key = joined.key ?? place.key
  const buffer = bufferOf(name, joined, table, { key, value: joined.value ?? place.value })
  const node: GraphNode = {
    name,
    joinsNullKeys: kind === 'left',
    write(to, { parents }) {
      if (buffer !== null) to.store(buffer, { isUnnamed: joined.name === undefined })
      const join = streamTableJoin({
        kind,
        joiner,
        tableView: view,
        ...(buffer === null ? {} : { buffer: buffer.name }),
      })
      const operator = { ...join, calls: { joiner } }
      const stores = buffer === null ? view.stores : [...view.stores, buffer.name]
      to.processor({ name, predecessors: parents, operator }, stores)
    },
  }
  graph.add(node, [place.node])
  return { graph, node, key, value: null, sources, isRekeyed: false }
}

/** Where records wait for rows of their time. */
function bufferOf(
  name: string,
  { graceMs }: AnyJoined,
  table: TableParts,
  sides: Parameters<typeof storeBase>[2],
): ({ readonly kind: 'recordBuffer'; readonly graceMs: number } & ReturnType<typeof storeBase>) | null {
  if (graceMs === undefined) return null
  if (!table.rows.isVersioned) {
    throw topologyInvalid(
      `${name} joins with a grace, but its table has no history`,
      'Give the table a historyRetentionMs of at least the grace.',
    )
  }
  checkDuration('The grace of a join', graceMs, 0)
  return { kind: 'recordBuffer', ...storeBase(`${name}-Buffer`, { caching: false }, sides), graceMs }
}

/** Joins a stream with a global table by a key made of each record. Kafka Streams names the node of either kind after the left join. */
export function joinGlobal(
  kind: 'inner' | 'left',
  stream: StreamPlace,
  table: { readonly view: TableView },
  selector: KeySelector<unknown, unknown, unknown>,
  joiner: AnyJoiner,
  named: Named = {},
): StreamPlace {
  const { graph } = stream
  const name = graph.names.node(named.name, 'KSTREAM-LEFTJOIN-')
  const operator = {
    ...streamGlobalJoin({ kind, joiner, selector, tableView: table.view }),
    calls: { joiner, selector },
  }
  const node: GraphNode = {
    name,
    joinsNullKeys: kind === 'left',
    write: (to, { parents }) => to.processor({ name, predecessors: parents, operator }),
  }
  graph.add(node, [stream.node])
  return { ...stream, node, value: null }
}
