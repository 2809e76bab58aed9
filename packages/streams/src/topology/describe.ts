/**
 * The text of Kafka Streams' `Topology.describe()`. Three blanks stand before the first sub-topology, two before later ones; nodes
 * are indented by four, arrows by six; a blank line ends each sub-topology; `none` stands for no neighbour.
 */
import { predecessorsOf, type TopologyNode } from './node.ts'
import type { Subtopology, Topology } from './topology.ts'

export function describe(topology: Topology): string {
  return `Topologies:\n ${topology.subtopologies.map((subtopology) => describeOne(topology, subtopology)).join('')}`
}

function describeOne(topology: Topology, { id, nodes }: Subtopology): string {
  const order = byReach(topology, nodes)
  const lines = nodes.toSorted(order).map((node) => {
    const successors = topology.successors(node.name).toSorted(order).map(nameOf)
    const text = `    ${headOf(node)}\n      --> ${listOf(successors)}\n`
    if (node.kind === 'source') return text
    const predecessors = nodes.filter((other) => predecessorsOf(node).includes(other.name)).toSorted(order)
    const arrows = `      <-- ${listOf(predecessors.map(nameOf))}\n`
    return node.kind === 'sink' ? `    ${headOf(node)}\n${arrows}` : text + arrows
  })
  return `  Sub-topology: ${id}\n${lines.join('')}\n`
}

function headOf(node: TopologyNode): string {
  switch (node.kind) {
    case 'source':
      return `Source: ${node.name} (topics: [${node.topics.join(', ')}])`
    case 'processor':
      return `Processor: ${node.name} (stores: [${node.stores.join(', ')}])`
    case 'sink':
      return `Sink: ${node.name} (topic: ${node.topic})`
  }
}

/**
 * Kafka Streams' order: the node from which more paths start comes first, then by name. It makes a chain read from its source to its
 * sink without sorting the graph.
 */
function byReach(topology: Topology, nodes: readonly TopologyNode[]): (a: TopologyNode, b: TopologyNode) => number {
  const reach = new Map<string, number>()
  const reachOf = (node: TopologyNode): number => {
    let known = reach.get(node.name)
    if (known === undefined) {
      known = topology.successors(node.name).reduce((sum, successor) => sum + reachOf(successor), 1)
      reach.set(node.name, known)
    }
    return known
  }
  for (const node of nodes) reachOf(node)
  return (a, b) => reachOf(b) - reachOf(a) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

function nameOf(node: TopologyNode): string {
  return node.name
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
