import type { SourceNode, TopologyNode } from './node.ts'
import { topologyInvalid } from './topology-invalid.ts'
import type { Topology } from './topology.ts'

/**
 * A record that fails, or that a gate refuses, would be read again as it is, and fail again, for ever. What goes round by a topic that is
 * written for others, such as repaired records, is the application's own affair.
 * @param otherwise where records go whose source names no quarantine topic; null: the application has no name yet
 * @throws SluiceError TOPOLOGY_INVALID when a source reads the topic that its own records are diverted to, by itself or by a node behind it
 */
export function refuseQuarantineLoops(topology: Topology, otherwise: string | null): void {
  for (const source of topology.sources)
    for (const node of withAllBehind(source, topology)) {
      const topic = divertedBy(node, otherwise).find((one) => source.topics.includes(one))
      if (topic !== undefined) throw loop(source.name, topic, node)
    }
}

function divertedBy(node: TopologyNode, otherwise: string | null): readonly string[] {
  if (node.kind === 'processor') return node.operator.divertsTo ?? []
  const topic = node.kind === 'source' ? (node.quarantine ?? otherwise) : null
  return topic === null ? [] : [topic]
}

/** The nodes that a source's records come to, also by repartition topics; itself first. */
function withAllBehind(source: SourceNode, topology: Topology): ReadonlySet<TopologyNode> {
  const found = new Set<TopologyNode>([source])
  for (const node of found) {
    for (const next of topology.successors(node.name)) found.add(next)
    if (node.kind !== 'sink' || typeof node.topic !== 'string' || !topology.repartitions.has(node.topic)) continue
    for (const reader of topology.sources) if (reader.topics.includes(node.topic)) found.add(reader)
  }
  return found
}

function loop(source: string, topic: string, { name, kind }: TopologyNode): Error {
  const isGate = kind === 'processor'
  const isOwn = name === source
  const which = isGate ? `that ${name} refuses` : isOwn ? 'that fail' : `that fail behind ${name}`
  return topologyInvalid(
    `${source} reads ${topic}, where its own records go ${which}: each would come back for ever`,
    isGate
      ? `Let ${name} name another quarantine topic, or read this one in another application.`
      : isOwn
        ? 'Read it with a source of its own that names another quarantine topic.'
        : 'Read it in another application, or let quarantine.topic name another topic.',
    { node: source, topic },
  )
}
