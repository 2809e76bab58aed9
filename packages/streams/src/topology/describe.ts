/**
 * The text of Kafka Streams' `Topology.describe()`. Three blanks stand before the first sub-topology, two before later ones; nodes
 * are indented by four, arrows by six; a blank line ends each sub-topology; `none` stands for no neighbour.
 */
import { inJavaHashOrder } from './java-hash-order.ts'
import { predecessorsOf, type SinkNode, type SourceNode, type TopologyNode } from './node.ts'
import type { Subtopology, Topology } from './topology.ts'

export function describe(topology: Topology): string {
  return `Topologies:\n ${topology.subtopologies.map(describeOne).join('')}`
}

function describeOne({ id, nodes, isGlobal }: Subtopology): string {
  const drawn = draw(nodes)
  const order = [...drawn.values()].toSorted(before)
  const texts = order.map(textOf).join('')
  return isGlobal
    ? `  Sub-topology: ${id} for global store (will not generate tasks)\n${texts}`
    : `  Sub-topology: ${id}\n${texts}\n`
}

/** A node with its neighbours in the order in which they are printed. */
interface Drawn {
  readonly node: TopologyNode
  /** How many paths begin here, as far as the drawing is complete. */
  reach: number
  readonly predecessors: Drawn[]
  readonly successors: Drawn[]
}

/**
 * Kafka Streams puts a node from which more paths start before others, so that a chain reads from source to sink, and nodes with as
 * many by name. But it sorts neighbours while the paths are still being counted, in the order of a hash map; to print its very
 * text, we draw in that order too.
 */
function draw(nodes: readonly TopologyNode[]): ReadonlyMap<string, Drawn> {
  const drawn = new Map<string, Drawn>()
  for (const node of nodes) drawn.set(node.name, { node, reach: 1, predecessors: [], successors: [] })
  for (const name of inJavaHashOrder([...drawn.keys()])) {
    const one = drawn.get(name)!
    for (const predecessorName of predecessorsOf(one.node)) {
      const predecessor = drawn.get(predecessorName)!
      insert(one.predecessors, predecessor)
      insert(predecessor.successors, one)
      extend(predecessor, one.reach)
    }
  }
  return drawn
}

/** Adds paths to a node, and to each above it as often as there are ways up to it: these part and meet again, and are too many to walk. */
function extend(drawn: Drawn, paths: number): void {
  const added = new Map([[drawn, paths]])
  for (const one of upwards(drawn)) {
    const more = added.get(one)!
    one.reach += more
    for (const predecessor of one.predecessors) added.set(predecessor, (added.get(predecessor) ?? 0) + more)
  }
}

/** A node and all above it as far as they are drawn, each before its predecessors. */
function upwards(drawn: Drawn): readonly Drawn[] {
  const order: Drawn[] = []
  const open: { readonly one: Drawn; next: number }[] = [{ one: drawn, next: 0 }]
  const seen = new Set([drawn])
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const predecessor = top.one.predecessors[top.next++]
    if (predecessor === undefined) {
      order.push(top.one)
      open.pop()
    } else if (!seen.has(predecessor)) {
      seen.add(predecessor)
      open.push({ one: predecessor, next: 0 })
    }
  }
  return order.toReversed()
}

function insert(sorted: Drawn[], one: Drawn): void {
  const at = sorted.findIndex((other) => before(one, other) < 0)
  sorted.splice(at < 0 ? sorted.length : at, 0, one)
}

function before(a: Drawn, b: Drawn): number {
  if (a.reach !== b.reach) return b.reach - a.reach
  return a.node.name < b.node.name ? -1 : a.node.name > b.node.name ? 1 : 0
}

function textOf({ node, predecessors, successors }: Drawn): string {
  const to = `      --> ${listOf(successors)}\n`
  const from = `      <-- ${listOf(predecessors)}\n`
  if (node.kind === 'source') return `    Source: ${node.name} (topics: ${topicsOf(node)})\n${to}`
  if (node.kind === 'sink') return `    Sink: ${node.name} (${topicOf(node)})\n${from}`
  return `    Processor: ${node.name} (stores: [${inJavaHashOrder(node.stores).join(', ')}])\n${to}${from}`
}

function topicsOf({ topics, pattern }: SourceNode): string {
  return pattern === undefined ? `[${topics.join(', ')}]` : pattern.source
}

/** Kafka Streams prints what an extractor's `toString` says. */
function topicOf({ topic }: SinkNode): string {
  return typeof topic === 'string'
    ? `topic: ${topic}`
    : `extractor class: ${topic.name === '' ? 'anonymous' : topic.name}`
}

function listOf(drawn: readonly Drawn[]): string {
  return drawn.length === 0 ? 'none' : drawn.map(({ node }) => node.name).join(', ')
}
