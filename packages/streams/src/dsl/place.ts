import type { Operator } from '../operators/operator.ts'
import type { Named } from '../options.ts'
import type { Side } from '../serde.ts'
import type { StoreDefinition } from '../state/definition.ts'
import { ofAnotherBuilder, type Graph } from '../topology/graph.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { checkName } from '../topology/names.ts'

/** Where a stream or a table stands in the topology that is being written, and what is known of it there. */
export interface Place {
  readonly graph: Graph
  /** The node that makes it. */
  readonly node: GraphNode
  /** How keys and values are written; null when that is not known, because an operator made new ones. */
  readonly key: Side | null
  readonly value: Side | null
  /** Names of the sources whose topics decide in which partition a key is. */
  readonly sources: ReadonlySet<string>
}

/** The place of a stream. */
export interface StreamPlace extends Place {
  /** Its keys are new ones: whoever needs all records of a key in one partition must repartition it. */
  readonly isRekeyed: boolean
}

/** What a node does to the records that pass. */
export type Changes = Pick<GraphNode, 'changesKey' | 'changesValue' | 'isMerge'>

/** Adds the node of one operator without stores. */
export function addOperator(
  place: Place,
  operator: Operator,
  { name: given }: Named,
  changes: Changes = {},
): GraphNode {
  const { graph, node: parent } = place
  const name = graph.names.node(given, operator.prefix)
  const node: GraphNode = {
    name,
    ...changes,
    write: (to, { parents }) => to.processor({ name, predecessors: parents, operator }),
  }
  graph.add(node, [parent])
  return node
}

/** A processor of the user's own. */
export interface Processing extends Named {
  /** The stores that it uses: the names of those that were added, or stores to add with it. */
  readonly stores?: readonly (string | StoreDefinition)[]
}

/** Adds the node of a processor with its stores. A given name uses up no number here, as in Kafka Streams. */
export function addProcessor(place: Place, operator: Operator, options: Processing, changes: Changes): GraphNode {
  const { graph, node: parent } = place
  const { name: given, stores = [] } = options
  if (given !== undefined) checkName('Node name', given)
  const name = given ?? graph.names.next(operator.prefix)
  const node: GraphNode = {
    name,
    ...changes,
    write(to, { parents }) {
      for (const store of stores) if (typeof store !== 'string') to.store(store)
      const names = stores.map((store) => (typeof store === 'string' ? store : store.name))
      to.processor({ name, predecessors: parents, operator }, names)
    },
  }
  graph.add(node, [parent])
  return node
}

/**
 * The topics of both must have equally many partitions. Returns the sources of both.
 * @throws SluiceError TOPOLOGY_INVALID for places of two builders
 */
export function copartition(...places: readonly Place[]): ReadonlySet<string> {
  const [first] = places
  const stranger = places.find(({ graph }) => graph !== first?.graph)
  if (stranger !== undefined) throw ofAnotherBuilder(stranger.node.name, first!.node.name)
  const sources = new Set(places.flatMap((place) => [...place.sources]))
  if (sources.size > 1) first?.graph.copartition(sources)
  return sources
}
