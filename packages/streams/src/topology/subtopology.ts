import { predecessorsOf, type TopologyNode } from './node.ts'
import type { TopologyStore } from './topology.ts'

/** Nodes that are connected: the unit that a task runs, once per partition. */
export interface Subtopology {
  readonly id: number
  /** In the order they were added. */
  readonly nodes: readonly TopologyNode[]
  /** Every topic its sources read, in order of first mention. */
  readonly sourceTopics: readonly string[]
  /** The stores of its nodes. */
  readonly stores: readonly TopologyStore[]
  /** Fills a global store: no tasks, every instance reads all of its topic. */
  readonly isGlobal: boolean
}

/** Connected nodes get one id; ids follow the order in which sources were added, as in Kafka Streams. */
export function subtopologiesOf(
  nodes: readonly TopologyNode[],
  stores: ReadonlyMap<string, TopologyStore>,
): Subtopology[] {
  const groupOf = new Map<string, Set<string>>()
  for (const node of nodes) {
    const group = new Set([node.name])
    for (const name of predecessorsOf(node)) for (const member of groupOf.get(name) ?? []) group.add(member)
    for (const member of group) groupOf.set(member, group)
  }
  const byStore = new Map<string, string>()
  for (const node of nodes) {
    if (node.kind !== 'processor') continue
    for (const store of node.stores) {
      if (stores.get(store)?.isGlobal) continue
      const first = byStore.get(store)
      if (first === undefined) byStore.set(store, node.name)
      else join(groupOf, first, node.name)
    }
  }
  const groups = new Set(nodes.filter((node) => node.kind === 'source').map((node) => groupOf.get(node.name)!))
  return [...groups].map((group, id) => {
    const members = nodes.filter((node) => group.has(node.name))
    const sourceTopics = [...new Set(members.flatMap((node) => (node.kind === 'source' ? node.topics : [])))]
    const names = new Set(members.flatMap((node) => (node.kind === 'processor' ? node.stores : [])))
    return Object.freeze({
      id,
      nodes: Object.freeze(members),
      sourceTopics: Object.freeze(sourceTopics),
      stores: Object.freeze([...names].flatMap((name) => stores.get(name) ?? [])),
      isGlobal: members.some((node) => node.kind === 'source' && node.isGlobal === true),
    })
  })
}

function join(groupOf: Map<string, Set<string>>, a: string, b: string): void {
  const group = groupOf.get(a)!
  for (const member of groupOf.get(b)!) group.add(member)
  for (const member of group) groupOf.set(member, group)
}
