/** What has to be known of a topology to say whether another one can go on with what it wrote: its stores and internal topics, as data. */
import { formatOf } from '../serdes.ts'
import { engineOf, type StoreDefinition, type StoreEngine, type StoreKind } from '../state/definition.ts'
import { changelogTopicOf } from './internal-topics.ts'
import type { ProcessorNode } from './node.ts'
import type { PartitionPlan } from './partition-plan.ts'
import type { Subtopology } from './subtopology.ts'
import type { Topology, TopologyStore } from './topology.ts'

/** Of a store, all that its rows and its changelog depend on. */
export interface WrittenStore {
  readonly name: string
  readonly kind: StoreKind
  readonly engine: StoreEngine
  readonly isUnnamed: boolean
  /** The topic that it is restored from; null: it is lost with its task. */
  readonly topic: string | null
  /** Whether that is a topic that others write. */
  readonly isSource: boolean
  readonly isGlobal: boolean
  /** The format of keys and values; null: one that cannot be compared. */
  readonly key: string | null
  readonly value: string | null
  /** Milliseconds; null: the kind has none. */
  readonly windowSizeMs: number | null
  readonly retentionMs: number | null
  /** What its windows lie by, such as `day in Europe/Berlin`; null: no calendar. Absent: written by a release that did not say. */
  readonly calendar?: string | null
  /** The number of its sub-topology, which its tasks are named after. */
  readonly subtopology: number
  /** How many partitions its topic has, and tasks. */
  readonly partitions: number
  /** The topics that its rows are made of, in alphabetical order: through repartition topics, those that are not internal. */
  readonly sources: readonly string[]
  /** What the operators are that use it, in alphabetical order. */
  readonly operators: readonly string[]
}

export interface WrittenRepartition {
  /** With the application's name. */
  readonly name: string
  readonly isUnnamed: boolean
  readonly partitions: number
  readonly key: string | null
  readonly value: string | null
  /** As of a store. */
  readonly sources: readonly string[]
}

export interface WrittenTopology {
  readonly version: 1
  readonly application: string
  readonly stores: readonly WrittenStore[]
  readonly repartitions: readonly WrittenRepartition[]
}

/** `topology` is the application's: see `Topology.forApplication`; `plan` says how many partitions everything has. */
export function writtenTopology(topology: Topology, application: string, plan: PartitionPlan): WrittenTopology {
  const stores = topology.subtopologies.flatMap((subtopology) =>
    subtopology.stores.map((store) => writtenStore(topology, application, subtopology, store, plan)),
  )
  const repartitions = Array.from(topology.repartitions.values(), ({ name, isUnnamed = false }) => {
    const source = topology.sources.find(({ topics }) => topics.includes(name))
    return {
      name,
      isUnnamed,
      partitions: plan.topics.get(name) ?? 0,
      key: source === undefined ? null : formatOf(source.key),
      value: source === undefined ? null : formatOf(source.value),
      sources: externalTopics(topology, writersOf(topology, name)),
    }
  })
  return { version: 1, application, stores, repartitions }
}

function writtenStore(
  topology: Topology,
  application: string,
  subtopology: Subtopology,
  { definition, sourceTopic, isGlobal, isUnnamed = false }: TopologyStore,
  plan: PartitionPlan,
): WrittenStore {
  const { name, kind, key, value, logging } = definition
  const users = topology.processors.filter(({ stores }) => stores.includes(name))
  const ownTopic = logging === null ? null : changelogTopicOf(application, name)
  return {
    name,
    kind,
    engine: engineOf(definition),
    isUnnamed,
    topic: sourceTopic ?? ownTopic,
    isSource: sourceTopic !== undefined,
    isGlobal: isGlobal === true,
    key: formatOf(key),
    value: formatOf(value),
    windowSizeMs: 'windowSizeMs' in definition ? definition.windowSizeMs : null,
    retentionMs: retentionOf(definition),
    calendar: calendarOf(topology, users, kind === 'suppression'),
    subtopology: subtopology.id,
    partitions: plan.tasks.get(subtopology.id) ?? 0,
    sources: externalTopics(topology, [subtopology]),
    operators: users.map(({ operator }) => operator.kind).toSorted(),
  }
}

function retentionOf(definition: StoreDefinition): number | null {
  if ('retentionMs' in definition) return finite(definition.retentionMs)
  if ('historyRetentionMs' in definition) return definition.historyRetentionMs
  return 'graceMs' in definition ? definition.graceMs : null
}

/** Of the operators that write windows into a store; `isBehind`: or of those before them, whose windows wait in it. */
function calendarOf(topology: Topology, users: readonly ProcessorNode[], isBehind: boolean): string | null {
  const open = [...users]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const calendar = node.operator.details?.['calendar']
    if (typeof calendar === 'string') return calendar
    if (!isBehind) continue
    const { predecessors } = node
    open.push(...topology.processors.filter(({ name }) => predecessors.includes(name)))
  }
  return null
}

/** JSON has no infinity. */
function finite(ms: number): number {
  return Math.min(ms, Number.MAX_SAFE_INTEGER)
}

function writersOf(topology: Topology, topic: string): readonly Subtopology[] {
  return topology.subtopologies.filter(({ nodes }) =>
    nodes.some((node) => node.kind === 'sink' && node.topic === topic),
  )
}

/** What is read by sub-topologies, and by those that write what they read. */
function externalTopics(topology: Topology, readers: readonly Subtopology[]): readonly string[] {
  const seen = new Set<Subtopology>()
  const topics = new Set<string>()
  const open = [...readers]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    for (const topic of next.sourceTopics) {
      if (topology.repartitions.has(topic)) open.push(...writersOf(topology, topic))
      else topics.add(topic)
    }
  }
  return [...topics].toSorted()
}
