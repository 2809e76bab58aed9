/**
 * What a processor is, once built: nodes and the edges between them, cut into sub-topologies. Immutable; running it, describing it
 * and testing it all start from here.
 */
import type { StoreDefinition } from '../state/definition.ts'
import { describe } from './describe.ts'
import { describeAsData, type TopologyDescription } from './describe-data.ts'
import { describeAsMermaid } from './describe-mermaid.ts'
import { changelogTopicOf } from './internal-topics.ts'
import { subtopologiesOf, type Subtopology } from './subtopology.ts'
import { topologyInvalid as invalid } from './topology-invalid.ts'
import { predecessorsOf, type ProcessorNode, type SinkNode, type SourceNode, type TopologyNode } from './node.ts'

/** Each node calls the next: twice as many are more than a stack holds. */
const DEPTH_MAX = 1_000

/** A pattern is not asked about them (`exclude.internal.topics`). */
const KAFKAS_OWN = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

export type { Subtopology } from './subtopology.ts'

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
  /** The application whose name stands before those of the repartition topics. */
  readonly applicationId?: string
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
  readonly #byName = new Map<string, TopologyNode>()
  /** How many nodes a record goes through up to each, itself included. */
  readonly #depths = new Map<string, number>()
  readonly #applicationId: string | null

  /**
   * @throws SluiceError TOPOLOGY_INVALID for two nodes of one name, a topic read by two sources, an unknown predecessor or store, no
   *   source, more nodes one behind the other than a record can go through
   */
  constructor(
    nodes: Iterable<TopologyNode>,
    { stores = [], repartitions = [], copartitions = [], applicationId }: TopologyParts = {},
  ) {
    this.#applicationId = applicationId ?? null
    this.nodes = Object.freeze([...nodes])
    this.stores = new Map([...stores].map((store) => [store.definition.name, store]))
    this.repartitions = new Map([...repartitions].map((topic) => [topic.name, topic]))
    this.copartitions = Object.freeze([...copartitions])
    this.#connect()
    this.subtopologies = Object.freeze(subtopologiesOf(this.nodes, this.stores))
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

  /** The same as data, with what Kafka Streams does not print: operators, their settings, quarantine topics, stores. */
  toJSON(): TopologyDescription {
    return describeAsData(this)
  }

  /** The same as a diagram in Mermaid's language. */
  toMermaid(): string {
    return describeAsMermaid(this)
  }

  /**
   * The topology as an application runs it: Kafka Streams puts the application's name before those of repartition topics.
   * `describe()` of Kafka Streams prints them without.
   */
  forApplication(applicationId: string): Topology {
    if (this.#applicationId === applicationId) return this
    const named = (topic: string): string => (this.repartitions.has(topic) ? `${applicationId}-${topic}` : topic)
    const nodes = this.nodes.map((node): TopologyNode => {
      if (node.kind === 'source') return { ...node, topics: node.topics.map(named) }
      if (node.kind === 'sink' && typeof node.topic === 'string') return { ...node, topic: named(node.topic) }
      return node
    })
    return new Topology(nodes, {
      stores: this.stores.values(),
      repartitions: [...this.repartitions.values()].map((topic) => ({ ...topic, name: named(topic.name) })),
      copartitions: this.copartitions,
      applicationId,
    })
  }

  /** Whether a source reads all topics that match a pattern, so that `withTopics` must be asked before it is run. */
  get hasPatterns(): boolean {
    return this.sources.some((source) => source.pattern !== undefined)
  }

  /**
   * The topology with every pattern read as the topics of these whose whole name matches it; Kafka's internal ones are none of them,
   * those of the application neither, nor is where the source's own failed records go, or those that a gate refuses.
   * @param otherwise where records go that fail and whose source does not say: `quarantine.topic`
   * @throws SluiceError TOPOLOGY_INVALID when two sources would read one topic
   */
  withTopics(topics: readonly string[], otherwise: string | null = this.#quarantine()): Topology {
    const diverted = this.processors.flatMap(({ operator }) => operator.divertsTo ?? [])
    const own = new Set([...this.repartitions.keys(), ...this.#changelogs(), ...diverted])
    const external = topics.filter((topic) => !own.has(topic) && !KAFKAS_OWN.has(topic))
    const nodes = this.nodes.map((node): TopologyNode => {
      if (node.kind !== 'source' || node.pattern === undefined) return node
      // With the flags g and y an expression begins where it ended the time before.
      const whole = new RegExp(`^(?:${node.pattern.source})$`, node.pattern.flags.replaceAll(/[gy]/g, ''))
      // What failed would be read again, and fail again, for ever.
      const failed = node.quarantine ?? otherwise
      return { ...node, topics: external.filter((topic) => topic !== failed && whole.test(topic)).toSorted() }
    })
    return new Topology(nodes, {
      stores: this.stores.values(),
      repartitions: this.repartitions.values(),
      copartitions: this.copartitions,
      ...(this.#applicationId === null ? {} : { applicationId: this.#applicationId }),
    })
  }

  #quarantine(): string | null {
    return this.#applicationId === null ? null : `${this.#applicationId}.quarantine`
  }

  /** Topics that must have equally many partitions, group by group; each topic is in one group. */
  copartitionedTopics(): readonly (readonly string[])[] {
    const byName = new Map(this.sources.map((source) => [source.name, source]))
    let groups: ReadonlySet<string>[] = []
    for (const names of this.copartitions) {
      const topics = new Set(names.flatMap((name) => byName.get(name)?.topics ?? []))
      const apart: ReadonlySet<string>[] = []
      for (const group of groups) {
        if (![...group].some((topic) => topics.has(topic))) apart.push(group)
        else for (const topic of group) topics.add(topic)
      }
      groups = topics.size > 1 ? [...apart, topics] : apart
    }
    return groups.map((group) => [...group])
  }

  /**
   * The stores whose names were generated: inserting an operator before them gives them other names, so that their rows are lost.
   * An application with any must not be deployed (KIP-1111).
   */
  unnamedStores(): readonly string[] {
    return [...this.stores.values()].flatMap((store) => (store.isUnnamed === true ? [store.definition.name] : []))
  }

  /** The repartition topics whose names were generated: see `unnamedStores`. */
  unnamedTopics(): readonly string[] {
    return [...this.repartitions.values()].flatMap((topic) => (topic.isUnnamed === true ? [topic.name] : []))
  }

  #changelogs(): readonly string[] {
    const application = this.#applicationId
    return application === null ? [] : [...this.stores.keys()].map((store) => changelogTopicOf(application, store))
  }

  #follow(node: TopologyNode): void {
    const predecessors = predecessorsOf(node)
    const depth = 1 + Math.max(0, ...predecessors.map((name) => this.#depths.get(name) ?? 0))
    this.#depths.set(node.name, depth)
    if (depth > DEPTH_MAX)
      throw invalid(
        `${node.name} is behind ${depth - 1} others, one after the other: a record goes through at most ${DEPTH_MAX} at a time`,
        'Do in one function what several do, or put a repartition topic between them.',
        { node: node.name },
      )
    if (node.kind !== 'source' && predecessors.length === 0)
      throw invalid(`${node.name} follows no node, and would get no records`, 'Name the nodes that it follows.')
    for (const name of new Set(predecessors)) {
      const successors = this.#successors.get(name)
      if (successors === undefined || name === node.name)
        throw invalid(`${node.name} follows ${name}, which does not exist`, 'Add a node after those it follows.')
      if (predecessors.indexOf(name) !== predecessors.lastIndexOf(name))
        throw invalid(`${node.name} follows ${name} twice`, 'Name each node that it follows once.')
      const before = this.#byName.get(name)!
      if (before.kind === 'sink')
        throw invalid(`${node.name} follows ${name}, which is a sink`, 'Follow the node before the sink.')
      if (before.kind === 'processor' && predecessorsOf(before).some((one) => this.#isGlobalSource(one)))
        throw invalid(
          `${node.name} follows ${name}, which fills a global store and forwards nothing`,
          'Read the store: every processor may.',
        )
      successors.push(node)
    }
  }

  #isGlobalSource(name: string): boolean {
    const node = this.#byName.get(name)
    return node?.kind === 'source' && node.isGlobal === true
  }

  #connect(): void {
    const readers = new Map<string, string>()
    for (const node of this.nodes) {
      if (this.#successors.has(node.name))
        throw invalid(`Two nodes are named ${node.name}`, 'Give each node a name of its own.')
      this.#successors.set(node.name, [])
      this.#byName.set(node.name, node)
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
      this.#follow(node)
    }
    if (readers.size === 0 && !this.sources.some((source) => source.pattern !== undefined))
      throw invalid('The topology reads no topic', 'Begin with builder.stream(topic).')
  }
}
