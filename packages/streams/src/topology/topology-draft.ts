import type { StoreDefinition } from '../state/definition.ts'
import { checkDuration } from '../windows/duration-check.ts'
import { checkedChoice, checkedExtractor, checkedPartitioner } from './checked-functions.ts'
import { checkName } from './names.ts'
import type { ErrorPolicy, ProcessorNode, SinkNode, SourceNode, TopologyNode } from './node.ts'
import { checkFixedPartitions } from './partition-plan.ts'
import { refuseQuarantineLoops } from './quarantine-loop.ts'
import { Topology, type RepartitionTopic, type TopologyStore } from './topology.ts'
import { checkSynchronous } from './synchronous.ts'
import { topologyInvalid } from './topology-invalid.ts'

/** What is said of a store besides its definition. */
export type StoreFacts = Omit<TopologyStore, 'definition'>

/**
 * Nodes, stores and internal topics being put together, in the order in which a task is to run them. Whoever writes chooses the names:
 * `Graph` for the DSL, the user for `TopologyBuilder`.
 */
export class TopologyDraft {
  readonly #nodes: TopologyNode[] = []
  readonly #stores = new Map<string, TopologyStore>()
  readonly #connections = new Map<string, Set<string>>()
  readonly #repartitions = new Map<string, RepartitionTopic>()
  readonly #copartitions: (readonly string[])[] = []
  readonly #policies = new Map<string, ErrorPolicy>()

  /** @throws SluiceError TOPOLOGY_INVALID for illegal names, and when no topic is named */
  source(node: Omit<SourceNode, 'kind'>): void {
    checkName('Node name', node.name)
    if (node.topics.length === 0 && node.pattern === undefined)
      throw topologyInvalid('A source names no topic', 'Name at least one topic.')
    for (const topic of node.topics) checkName('Topic', topic)
    const twice = node.topics.find((topic, i) => node.topics.indexOf(topic) !== i)
    if (twice !== undefined) throw topologyInvalid(`${node.name} names topic ${twice} twice`, 'Name each topic once.')
    checkReset(node)
    if (node.quarantine !== null) checkName('Topic', node.quarantine)
    checkSynchronous(node.name, { 'timestamp extractor': node.timestampExtractor })
    const { timestampExtractor: extract } = node
    const functions = extract === undefined ? {} : { timestampExtractor: checkedExtractor(extract) }
    this.#nodes.push({ kind: 'source', ...node, ...functions, topics: Object.freeze(node.topics.toSorted()) })
  }

  /** @throws SluiceError TOPOLOGY_INVALID for illegal names */
  processor(node: Omit<ProcessorNode, 'kind' | 'stores'>, stores: Iterable<string> = []): void {
    checkName('Node name', node.name)
    for (const topic of node.operator.divertsTo ?? []) checkName('Topic', topic)
    checkSynchronous(node.name, node.operator.calls ?? {})
    this.#nodes.push({ kind: 'processor', ...node, stores: [] })
    for (const store of stores) this.connect(node.name, store)
  }

  /** @throws SluiceError TOPOLOGY_INVALID for illegal names */
  sink(node: Omit<SinkNode, 'kind'>): void {
    checkName('Node name', node.name)
    if (typeof node.topic === 'string') checkName('Topic', node.topic)
    checkSynchronous(node.name, { 'topic extractor': node.topic, partitioner: node.partitioner })
    const { topic, partitioner } = node
    const functions = {
      topic: typeof topic === 'string' ? topic : checkedChoice(topic),
      ...(partitioner === undefined ? {} : { partitioner: checkedPartitioner(partitioner) }),
    }
    this.#nodes.push({ kind: 'sink', ...node, ...functions })
  }

  /** @throws SluiceError TOPOLOGY_INVALID for an illegal name, and for two different stores of one name */
  store(definition: StoreDefinition, facts: StoreFacts = {}): void {
    checkName('Store name', definition.name)
    if (!ENGINES.has(definition.engine))
      throw topologyInvalid(`Store ${definition.name} has no engine ${definition.engine}`, 'Take memory or lmdb.')
    const other = this.#stores.get(definition.name)
    if (other !== undefined && other.definition !== definition)
      throw topologyInvalid(`Two stores are named ${definition.name}`, 'Give each store a name of its own.')
    this.#stores.set(definition.name, Object.freeze({ definition, ...facts }))
  }

  /** Lets a processor use a store. */
  connect(processor: string, store: string): void {
    const stores = this.#connections.get(processor)
    if (stores === undefined) this.#connections.set(processor, new Set([store]))
    else stores.add(store)
  }

  repartition(topic: RepartitionTopic): void {
    this.#repartitions.set(topic.name, Object.freeze(topic))
  }

  /** What becomes of records on which a processor or sink throws. */
  onError(node: string, policy: ErrorPolicy): void {
    checkPolicy(node, policy)
    this.#policies.set(node, policy)
  }

  /** The topics of these sources must have equally many partitions. */
  copartition(sources: Iterable<string>): void {
    this.#copartitions.push(Object.freeze([...sources]))
  }

  /** @throws SluiceError TOPOLOGY_INVALID: see `Topology`, `refuseQuarantineLoops` */
  build(): Topology {
    this.#checkConnections()
    const nodes = this.#nodes.map((node): TopologyNode => {
      if (node.kind === 'source') return Object.freeze({ ...node })
      const onError = this.#policies.get(node.name)
      const policy = onError === undefined ? {} : { onError }
      if (node.kind === 'sink') return Object.freeze({ ...node, ...policy })
      const stores = Object.freeze([...(this.#connections.get(node.name) ?? [])].toSorted())
      return Object.freeze({ ...node, ...policy, stores })
    })
    for (const name of this.#policies.keys())
      if (!nodes.some((node) => node.kind !== 'source' && node.name === name))
        throw topologyInvalid(
          `An error policy is given to ${name}, which is no operator and no sink`,
          'Give it to one by its name, or to the source as its onError.',
        )
    const topology = new Topology(nodes, {
      stores: this.#stores.values(),
      repartitions: this.#repartitions.values(),
      copartitions: this.#copartitions,
    })
    checkFixedPartitions(topology)
    refuseQuarantineLoops(topology, null)
    for (const { name, stores } of topology.processors) this.#checkHistory(name, stores)
    return topology
  }
  /** A join that lets records wait looks back so far. */
  #checkHistory(node: string, stores: readonly string[]): void {
    const definitions = stores.map((name) => this.#stores.get(name)!.definition)
    const graceMs = Math.max(...definitions.map((one) => (one.kind === 'recordBuffer' ? one.graceMs : 0)))
    for (const { name, ...table } of definitions) {
      if (table.kind !== 'versioned' || table.historyRetentionMs >= graceMs) continue
      throw topologyInvalid(
        `${node} joins with a grace of ${graceMs} ms, and ${name} keeps a history of ${table.historyRetentionMs} ms`,
        'Give the table a historyRetentionMs of at least the grace.',
        { node, store: name },
      )
    }
  }

  #checkConnections(): void {
    for (const [processor, stores] of this.#connections) {
      if (this.#nodes.some(({ kind, name }) => kind === 'processor' && name === processor)) continue
      throw topologyInvalid(
        `Store ${[...stores].join(', ')} is given to ${processor}, which is no processor`,
        'Name a processor that was added.',
        { node: processor },
      )
    }
  }
}

/** Null: the default of the store's kind. */
const ENGINES: ReadonlySet<unknown> = new Set(['memory', 'lmdb', null] satisfies StoreDefinition['engine'][])
const POLICIES: ReadonlySet<string> = new Set(['quarantine', 'drop', 'retry', 'park', 'fail'] satisfies ErrorPolicy[])

function checkPolicy(node: string, policy: string): void {
  if (POLICIES.has(policy)) return
  throw topologyInvalid(`There is no error policy ${policy} for ${node}`, `Take one of: ${[...POLICIES].join(', ')}.`, {
    node,
  })
}

const RESETS: ReadonlySet<unknown> = new Set(['earliest', 'latest', 'none'])

function checkReset({ name, offsetReset, onError = {} }: Omit<SourceNode, 'kind'>): void {
  for (const policy of Object.values(onError)) checkPolicy(name, policy)
  if (offsetReset === undefined || RESETS.has(offsetReset)) return
  if (typeof offsetReset === 'object')
    return void checkDuration(`The offset reset of ${name}`, offsetReset.durationMs, 0)
  throw topologyInvalid(
    `${name} cannot begin at ${offsetReset}`,
    'Take earliest, latest, none, or { durationMs }: so long before now.',
    { node: name },
  )
}
