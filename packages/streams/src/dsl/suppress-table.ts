import { suppress, suppressedView } from '../operators/suppress.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import { storeBase } from './stored.ts'
import type { Suppressed } from './suppressed.ts'
import type { TableParts } from './table-parts.ts'
import { SuppressedRows } from './table-rows.ts'

const PREFIX = 'KTABLE-SUPPRESS-'

/** Holds the changes of a table back in a buffer. */
export function suppressTable(
  { place, rows: parent }: TableParts,
  { buffer, limitMs, options }: Suppressed,
): TableParts {
  const { graph, closedAfterMs } = place
  const name = graph.names.node(options.name, PREFIX)
  if (limitMs === null && closedAfterMs === null) {
    throw topologyInvalid(
      `${name} waits for windows to close, but its table has none that do`,
      'Aggregate over windows with an end before it, or use untilTimeLimit.',
    )
  }
  if (parent.isVersioned)
    throw topologyInvalid(`${name} would hold back a versioned table`, 'Suppress a table without history.')
  const store = options.name === undefined ? graph.names.store(PREFIX) : `${options.name}-store`
  const definition = {
    kind: 'suppression',
    ...storeBase(
      store,
      { caching: false, ...(options.logging === undefined ? {} : { logging: options.logging }) },
      place,
    ),
    tracksBytes: buffer.maxBytes !== Infinity,
  } as const
  parent.sendOldValues(true)
  const rows = new SuppressedRows(() => suppressedView(parent.view(), store))
  const node: GraphNode = {
    name,
    write(to, { parents }) {
      to.store(definition, { isUnnamed: options.name === undefined })
      const operator = suppress({
        buffer: store,
        delayMs: limitMs ?? closedAfterMs!,
        timeOf: limitMs === null ? 'windowEnd' : 'record',
        dropsTombstones: limitMs === null,
        maxRecords: buffer.maxRecords,
        maxBytes: buffer.maxBytes,
        whenFull: buffer.whenFull,
        table: rows.output,
      })
      to.processor({ name, predecessors: parents, operator }, [store])
    },
  }
  graph.add(node, [place.node])
  return { place: { ...place, node }, rows }
}
