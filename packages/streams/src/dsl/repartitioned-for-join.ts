import type { GraphNode } from '../topology/graph-node.ts'
import type { StreamPlace } from './place.ts'
import { behind, prepared, type RepartitionSides } from './repartitioning.ts'

/** The repartition topics of streams whose joins have no names: the joins of one stream share one. */
const shared = new WeakMap<StreamPlace, GraphNode>()

/** The stream with all records of a key in one partition, before a join. `prefix`: what the topic's name begins with. */
export function repartitionedForJoin(place: StreamPlace, prefix: string, sides: RepartitionSides): StreamPlace {
  if (!place.isRekeyed) return place
  const node = prepared(place, prefix, sides)
  if (prefix !== place.node.name) return behind(place, node)
  const used = shared.get(place) ?? node
  shared.set(place, used)
  return behind(place, used)
}
