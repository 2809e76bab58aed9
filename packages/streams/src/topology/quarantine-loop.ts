import { topologyInvalid } from './topology-invalid.ts'
import type { Topology } from './topology.ts'

/**
 * A record that fails would be read again as it fails, and fail again, for ever.
 * @param otherwise where records go whose source names no quarantine topic
 * @throws SluiceError TOPOLOGY_INVALID when a source reads the topic that its own failed records go to
 */
export function refuseQuarantineLoops({ sources }: Topology, otherwise: string): void {
  for (const { name, topics, quarantine } of sources) {
    const topic = quarantine ?? otherwise
    if (!topics.includes(topic)) continue
    throw topologyInvalid(
      `${name} reads ${topic}, where its own records go that fail: each would come back for ever`,
      'Read it with a source of its own that names another quarantine topic.',
      { node: name, topic },
    )
  }
}
