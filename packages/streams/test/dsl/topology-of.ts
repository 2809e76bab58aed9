import { Serdes, StreamsBuilder, type Optimizations, type Topology } from '../../src/index.ts'

export const text = { key: Serdes.string, value: Serdes.string }

/** What a builder makes of what a test writes. */
export function topologyOf(write: (builder: StreamsBuilder) => void, optimizations: Optimizations = 'none'): Topology {
  const builder = new StreamsBuilder()
  write(builder)
  return builder.build(optimizations)
}

export function nodeNames(topology: Topology): string[] {
  return topology.nodes.map((node) => node.name)
}

/** Which stores each processor with any uses. */
export function storesByNode(topology: Topology): Record<string, readonly string[]> {
  return Object.fromEntries(
    topology.processors.filter((node) => node.stores.length > 0).map((node) => [node.name, node.stores]),
  )
}

/** What is thrown. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
