/**
 * What a processor is, once built: nodes and the edges between them, cut into sub-topologies. Immutable; running it, describing it
 * and testing it all start from here.
 */
import { SluiceError } from '@sluice/sdk'
import type { StoreDefinition } from '../state/definition.ts'
import { describe } from './describe.ts'
import { predecessorsOf, type ProcessorNode, type SinkNode, type SourceNode, type TopologyNode } from './node.ts'

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

/** A store of a topology. */
export interface TopologyStore {
  readonly definition: StoreDefinition
  /** The topic whose records are the store's rows as they are, so that it needs no changelog of its own. */
  readonly sourceTopic?: string
  /** Filled by a global source: every processor may read it without being connected. */
  readonly isGlobal?: true
  /** Its name was generated, and changes with whatever is inserted before it. */
  readonly isUnnamed?: boolean
}

/** A topic that the topology writes and reads itself, so that records come to the partition of their key. */
export interface RepartitionTopic {
  /** Without the application's name before it: see `Topology.forApplication`. */
  readonly name: string
  /** Null: what it is joined with decides, or what it is made of. */
  readonly partitions: number | null
  /** Its name was generated, and changes with whatever is inserted before it. */
  readonly isUnnamed?: boolean
}

export interface TopologyParts {
  readonly stores?: Iterable<TopologyStore>
  readonly repartitions?: Iterable<RepartitionTopic>
  /** Names of sources whose topics must have equally many partitions. */
  readonly copartitions?: Iterable<readonly string[]>
}

/** The JSON form of a node: what `describe()` prints, and what only we know. */
export interface NodeDescription {
  readonly kind: TopologyNode['kind']
  readonly name: string
  readonly predecessors: readonly string[]
  readonly successors: readonly string[]
  readonly topics?: readonly string[]
  readonly topic?: string
  readonly operator?: string
  readonly stores?: readonly string[]
  readonly quarantine?: string
  readonly details?: Readonly<Record<string, unknown>>
}

export interface TopologyDescription {
  readonly subtopologies: readonly { readonly id: number; readonly nodes: readonly NodeDescription[] }[]
}

export class Topology {
  readonly nodes: readonly TopologyNode[]
  readonly subtopologies: readonly Subtopology[]
  /** By name. */
  readonly stores: ReadonlyMap<string, TopologyStore>
  /** By name. */
  readonly repartitions: ReadonlyMap<string, RepartitionTopic>
  /** Names of sources whose topics must have equally many partitions. */
  readonly copartitions: readonly (readonly string[])[]
  readonly #successors = new Map<string, TopologyNode[]>()

  /**
   * @throws SluiceError TOPOLOGY_INVALID for two nodes of one name, a topic read by two sources, an unknown predecessor or store, no
   *   source
   */
  constructor(
    nodes: Iterable<TopologyNode>,
    { stores = [], repartitions = [], copartitions = [] }: TopologyParts = {},
  ) {
    this.nodes = Object.freeze([...nodes])
    this.stores = new Map([...stores].map((store) => [store.definition.name, store]))
    this.repartitions = new Map([...repartitions].map((topic) => [topic.name, topic]))
    this.copartitions = Object.freeze([...copartitions])
    this.#connect()
    this.subtopologies = Object.freeze(cut(this.nodes, this.stores))
  }

  get sources(): readonly SourceNode[] {
    return this.nodes.filter((node) => node.kind === 'source')
  }

  get processors(): readonly ProcessorNode[] {
    return this.nodes.filter((node) => node.kind === 'processor')
  }

  get sinks(): readonly SinkNode[] {
    return this.nodes.filter((node) => node.kind === 'sink')
  }

  /** The topics that sinks are known to write. */
  get sinkTopics(): readonly string[] {
    return this.sinks.flatMap(({ topic }) => (typeof topic === 'string' ? [topic] : []))
  }

  /** The nodes that a node forwards to, in the order they were added. */
  successors(name: string): readonly TopologyNode[] {
    return this.#successors.get(name) ?? []
  }

  /** Kafka Streams' `Topology.describe()`, character by character, so that existing visualisers read it. */
  describe(): string {
    return describe(this)
  }

  /** The same as data, with what Kafka Streams does not print: operators, their settings, quarantine topics. */
  toJSON(): TopologyDescription {
    return {
      subtopologies: this.subtopologies.map(({ id, nodes }) => ({ id, nodes: nodes.map((node) => this.#node(node)) })),
    }
  }

  #node(node: TopologyNode): NodeDescription {
    const edges = {
      name: node.name,
      predecessors: predecessorsOf(node),
      successors: this.successors(node.name).map((successor) => successor.name),
    }
    if (node.kind === 'sink')
      return { kind: node.kind, ...edges, ...(typeof node.topic === 'string' ? { topic: node.topic } : {}) }
    if (node.kind === 'source') {
      const quarantine = node.quarantine === null ? {} : { quarantine: node.quarantine }
      return { kind: node.kind, ...edges, topics: node.topics, ...quarantine }
    }
    const { operator, stores } = node
    const details = operator.details === undefined ? {} : { details: operator.details }
    return { kind: node.kind, ...edges, operator: operator.kind, stores, ...details }
  }

  #connect(): void {
    const readers = new Map<string, string>()
    for (const node of this.nodes) {
      if (this.#successors.has(node.name))
        throw invalid(`Two nodes are named ${node.name}`, 'Give each node a name of its own.')
      this.#successors.set(node.name, [])
      if (node.kind === 'source') {
        for (const topic of node.topics) {
          const other = readers.get(topic)
          if (other !== undefined) {
            throw invalid(
              `Topic ${topic} is read by ${other} and by ${node.name}`,
              'Read a topic once and use the stream twice: a topic belongs to one source.',
            )
          }
          readers.set(topic, node.name)
        }
      }
      if (node.kind === 'processor') {
        const unknown = node.stores.find((store) => !this.stores.has(store))
        if (unknown !== undefined)
          throw invalid(`${node.name} is connected to store ${unknown}, which does not exist`, 'Add the store first.')
      }
      for (const name of predecessorsOf(node)) {
        const successors = this.#successors.get(name)
        if (successors === undefined)
          throw invalid(`${node.name} follows ${name}, which does not exist`, 'Add a node after those it follows.')
        successors.push(node)
      }
    }
    if (readers.size === 0) throw invalid('The topology reads no topic', 'Begin with builder.stream(topic).')
  }
}

/** Connected nodes get one id; ids follow the order in which sources were added, as in Kafka Streams. */
function cut(nodes: readonly TopologyNode[], stores: ReadonlyMap<string, TopologyStore>): Subtopology[] {
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

function invalid(message: string, remedy: string): SluiceError {
  return new SluiceError('TOPOLOGY_INVALID', message, { remedy })
}
