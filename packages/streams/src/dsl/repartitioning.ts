import type { Repartitioned } from '../options.ts'
import type { Side } from '../serde.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import type { StreamPartitioner } from '../topology/record-functions.ts'
import { repartitionNode, repartitionOf } from '../topology/repartition.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'
import type { StreamPlace } from './place.ts'
import { known } from './stored.ts'

/** What a repartition topic is written with where the stream's own serdes are not known or not meant. */
export interface RepartitionSides {
  readonly key?: Side | undefined
  readonly value?: Side | undefined
}

/** Puts a repartition topic behind a stream, which may become one with others. `prefix`: what its name begins with. */
export function repartitioned(place: StreamPlace, prefix: string, sides: RepartitionSides): StreamPlace {
  return behind(place, prepared(place, prefix, sides))
}

/** The node of a repartition topic, not yet in the graph; the numbers of its names are used up. */
export function prepared({ graph, ...place }: StreamPlace, prefix: string, sides: RepartitionSides): GraphNode {
  const key = known(sides.key ?? place.key, 'keys', `${prefix}-repartition`)
  const value = known(sides.value ?? place.value, 'values', `${prefix}-repartition`)
  return repartitionNode(repartitionOf(graph.names, prefix, { key, value }))
}

/** The stream that comes out of a repartition topic. */
export function behind(place: StreamPlace, node: GraphNode): StreamPlace {
  if (!place.graph.has(node)) place.graph.add(node, [place.node])
  const { key, value } = node.repartition!
  return { graph: place.graph, node, key, value, sources: new Set([node.name]), isRekeyed: false }
}

/** `repartition()`: a topic of its own. */
export function repartition<K, V>(place: StreamPlace, options: Repartitioned<K, V>): StreamPlace {
  const { graph } = place
  const { name, partitions, partitioner } = options
  if (partitions !== undefined && !(Number.isSafeInteger(partitions) && partitions >= 1)) {
    throw topologyInvalid(
      `${name ?? 'repartition()'} asks for ${partitions} partitions`,
      'Give a whole number of at least 1, or none, to have as many as what it is made of.',
    )
  }
  const prefix = name ?? graph.names.next('KSTREAM-REPARTITION-')
  const key = known(options.key ?? place.key, 'keys', `${prefix}-repartition`)
  const value = known(options.value ?? place.value, 'values', `${prefix}-repartition`)
  const facts = {
    key,
    value,
    ...(partitions === undefined ? {} : { partitions }),
    ...(partitioner === undefined ? {} : { partitioner: partitioner as StreamPartitioner }),
  }
  return behind(place, repartitionNode(repartitionOf(graph.names, prefix, facts), false))
}
