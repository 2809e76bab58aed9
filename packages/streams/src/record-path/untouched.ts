/**
 * What nothing on a record's way touches: a key or value that nothing looks at is not decoded, and one that nothing changes is not encoded
 * again. Both follow from what the operators say of themselves, and are decided when a task is compiled.
 */
import type { Side as Serde } from '../serde.ts'
import { predecessorsOf, type SinkNode, type SourceNode, type TopologyNode } from '../topology/node.ts'
import type { Topology } from '../topology/topology.ts'

export interface Sides {
  readonly key: boolean
  readonly value: boolean
}

type Side = keyof Sides
type Nodes = ReadonlyMap<string, TopologyNode>

/** In the place of a key or value that has bytes, and that nothing looks at. */
export const UNREAD: unique symbol = Symbol('unread')

/** Which sides of a source's records something looks at. */
export function sidesRead(source: SourceNode, topology: Pick<Topology, 'successors'>, nodes: Nodes): Sides {
  const isLookedAt = (side: Side): boolean => {
    const seen = new Set<string>()
    const looks = (node: TopologyNode): boolean => {
      if (seen.has(node.name)) return false
      seen.add(node.name)
      if (node.kind === 'sink') return !sidesKept(node, nodes)[side] || hasChoices(node)
      if (node.kind === 'processor') {
        const { ignores, changes } = node.operator
        if (!covers(ignores, side)) return true
        // What goes on is another key or value than the source's.
        if (covers(changes, side)) return false
      }
      return topology.successors(node.name).some(looks)
    }
    return source.isChecked === true || source.timestampExtractor !== undefined || looks(source)
  }
  return { key: isLookedAt('key'), value: isLookedAt('value') }
}

/** Which sides a sink writes with the bytes they were read from: those that are read and written with the very same schemaless serde. */
export function sidesKept(sink: SinkNode, nodes: Nodes): Sides {
  return { key: isKept('key', sink.key, sink, nodes), value: isKept('value', sink.value, sink, nodes) }
}

/** Whether what arrives at a node was read from the bytes that this serde would write. */
export function isKept(side: Side, serde: Serde, node: TopologyNode, nodes: Nodes): boolean {
  const seen = new Set<string>()
  const arrivesAt = (one: TopologyNode): boolean =>
    predecessorsOf(one).every((name) => seen.has(name) || comesFrom(nodes.get(name)!))
  const comesFrom = (one: TopologyNode): boolean => {
    seen.add(one.name)
    if (one.kind === 'source') return one[side] === serde
    if (one.kind === 'processor' && covers(one.operator.changes, side)) return false
    return arrivesAt(one)
  }
  return serde.schema === null && arrivesAt(node)
}

function covers(part: Side | 'record' | undefined, side: Side): boolean {
  return part === side || part === 'record'
}

/** Whether functions of the user, or the key within a windowed one, decide where a record goes. */
function hasChoices({ topic, partitioner, key }: SinkNode): boolean {
  return typeof topic !== 'string' || partitioner !== undefined || key.inner !== undefined
}
