import { engineOf } from '../state/definition.ts'
import { predecessorsOf, type TopologyNode } from './node.ts'
import type { RepartitionTopic, Topology, TopologyStore } from './topology.ts'

/** The JSON form of a node: what `describe()` prints, and what only we know. */
export interface NodeDescription {
  readonly kind: TopologyNode['kind']
  readonly name: string
  readonly predecessors: readonly string[]
  readonly successors: readonly string[]
  readonly topics?: readonly string[]
  /** Of a source that reads all topics whose name matches. */
  readonly pattern?: string
  readonly topic?: string
  readonly operator?: string
  readonly stores?: readonly string[]
  readonly quarantine?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** The JSON form of a store. */
export interface StoreDescription {
  readonly name: string
  readonly kind: string
  readonly engine: string
  readonly isUnnamed: boolean
  /** False: its rows are lost with the task. */
  readonly hasChangelog: boolean
  /** The topic that it is restored from in place of a changelog. */
  readonly sourceTopic?: string
  readonly retentionMs?: number
  readonly historyRetentionMs?: number
}

export interface SubtopologyDescription {
  readonly id: number
  /** Fills a global store: it has no tasks. */
  readonly isGlobal?: true
  readonly nodes: readonly NodeDescription[]
  /** Names of its stores. */
  readonly stores: readonly string[]
}

export interface TopologyDescription {
  readonly subtopologies: readonly SubtopologyDescription[]
  readonly stores: readonly StoreDescription[]
  readonly repartitionTopics: readonly RepartitionTopic[]
  /** Topics that must have equally many partitions. */
  readonly copartitioned: readonly (readonly string[])[]
}

export function describeAsData(topology: Topology): TopologyDescription {
  return {
    subtopologies: topology.subtopologies.map(({ id, nodes, stores, isGlobal }) => ({
      id,
      ...(isGlobal ? { isGlobal } : {}),
      nodes: nodes.map((node) => describeNode(topology, node)),
      stores: stores.map((store) => store.definition.name),
    })),
    stores: [...topology.stores.values()].map(describeStore),
    repartitionTopics: [...topology.repartitions.values()],
    copartitioned: topology.copartitionedTopics(),
  }
}

function describeNode(topology: Topology, node: TopologyNode): NodeDescription {
  const edges = {
    name: node.name,
    predecessors: predecessorsOf(node),
    successors: topology.successors(node.name).map((successor) => successor.name),
  }
  if (node.kind === 'sink')
    return { kind: node.kind, ...edges, ...(typeof node.topic === 'string' ? { topic: node.topic } : {}) }
  if (node.kind === 'source') {
    const { topics, pattern } = node
    const quarantine = node.quarantine === null ? {} : { quarantine: node.quarantine }
    return {
      kind: node.kind,
      ...edges,
      topics,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
      ...quarantine,
    }
  }
  const { operator, stores } = node
  const details = operator.details === undefined ? {} : { details: operator.details }
  return { kind: node.kind, ...edges, operator: operator.kind, stores, ...details }
}

function describeStore({ definition, sourceTopic, isUnnamed = false }: TopologyStore): StoreDescription {
  return {
    name: definition.name,
    kind: definition.kind,
    engine: engineOf(definition),
    isUnnamed,
    hasChangelog: definition.logging !== null,
    ...(sourceTopic === undefined ? {} : { sourceTopic }),
    ...('retentionMs' in definition ? { retentionMs: definition.retentionMs } : {}),
    ...('historyRetentionMs' in definition ? { historyRetentionMs: definition.historyRetentionMs } : {}),
  }
}
