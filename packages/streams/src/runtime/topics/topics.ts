/** The topics of an application: its sources must be there; what it writes, and what it keeps for itself, is made if need be. */
import type { Kafka, TopicDescription } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { quarantineTopicOf, type StreamsSettings } from '../../streams-settings.ts'
import { internalTopics, type InternalTopic } from '../../topology/internal-topics.ts'
import { planPartitions, type PartitionPlan } from '../../topology/partition-plan.ts'
import { planChange, refuseUnsafe, type TopologyPlan } from '../../topology/plan.ts'
import type { Topology } from '../../topology/topology.ts'
import { writtenTopology, type WrittenTopology } from '../../topology/written-topology.ts'
import type { RecordLimits } from '../../record-path/sink-step.ts'
import { recordLimits } from './record-limits.ts'
import { quarantineTopics, refuseMissingOutputs } from './written-topics.ts'
import type { TopologyRecord } from './topology-record.ts'

/** How much larger than a result a quarantined record may be: its reasons travel as headers. */
export const QUARANTINE_BYTES = 65_536

export interface PreparedTopics {
  /** With the topics that its patterns match. */
  readonly topology: Topology
  /** How many partitions each topic has that tasks read. */
  readonly sources: ReadonlyMap<string, number>
  /** How many those have that fill global stores. */
  readonly globals: ReadonlyMap<string, number>
  /** How many partitions a topic has that is written. @throws SluiceError TOPOLOGY_INVALID for one that a function chose and nobody knows */
  partitionsOf(topic: string): number
  /** What a topic that is written takes. */
  readonly recordLimits: ReadonlyMap<string, RecordLimits>
}

/**
 * `topology` is the application's: see `Topology.forApplication`.
 * @throws SluiceError TOPOLOGY_INVALID when a source topic does not exist, topics that must have equally many partitions do not, or an
 *   internal topic is there with another number than it needs, or the topology does not fit what `record` says that is stored; or when a
 *   topic that a sink writes does not exist, and topics are not created
 */
export async function prepareTopics(
  written: Topology,
  settings: StreamsSettings,
  kafka: Kafka,
  record: TopologyRecord | null = null,
): Promise<PreparedTopics> {
  const { admin } = kafka
  const topology = await withPatterns(written, settings, kafka)
  const external = await externalSources(topology, settings, kafka)
  const plan = planPartitions(topology, external)
  const outputs = topology.sinkTopics.filter((topic) => !plan.topics.has(topic))
  const counts = new Map([...countsOf(await admin.describeTopics(outputs)), ...plan.topics])
  refuseMissingOutputs(topology, new Set(counts.keys()))
  const remember = record === null ? null : await ensureFit(topology, settings, plan, kafka, record)
  const internal = internalTopics(topology, settings['application.id'], plan)
  await ensureInternal(internal, kafka)
  await remember?.()
  const limits = await recordLimits([...new Set([...topology.sinkTopics, ...internal.map(({ name }) => name)])], admin)
  const global = new Set(topology.sources.flatMap(({ isGlobal, topics }) => (isGlobal === true ? topics : [])))
  return {
    topology,
    recordLimits: limits,
    sources: new Map([...plan.topics].filter(([topic]) => !global.has(topic))),
    globals: new Map([...plan.topics].filter(([topic]) => global.has(topic))),
    partitionsOf(topic) {
      const count = counts.get(topic)
      if (count !== undefined) return count
      throw new SluiceError('TOPOLOGY_INVALID', `How many partitions ${topic} has is not known`, {
        place: { topic },
        remedy: 'Create the topic before the application is started, and name it in a sink.',
      })
    },
  }
}

/**
 * What would become of what is stored, if the topology were started now. Nothing is created or changed.
 * @throws SluiceError TOPOLOGY_INVALID as `prepareTopics`, but for topics that it would create
 */
export async function planTopics(
  written: Topology,
  settings: StreamsSettings,
  kafka: Kafka,
  record: TopologyRecord,
): Promise<TopologyPlan> {
  const topology = await withPatterns(written, settings, kafka)
  const isExternal = (topic: string): boolean => !topology.repartitions.has(topic)
  const sources = topology.sources.flatMap(({ topics }) => topics).filter(isExternal)
  const plan = planPartitions(topology, countsOf(await kafka.admin.describeTopics(sources)))
  const after = writtenTopology(topology, settings['application.id'], plan)
  return await changeTo(after, await record.read(), kafka)
}

/** Returns how to remember the topology, once that is started. @throws SluiceError TOPOLOGY_INVALID when it does not fit */
async function ensureFit(
  topology: Topology,
  settings: StreamsSettings,
  plan: PartitionPlan,
  kafka: Kafka,
  record: TopologyRecord,
): Promise<() => Promise<void>> {
  const after = writtenTopology(topology, settings['application.id'], plan)
  const before = await record.read()
  if (JSON.stringify(before) === JSON.stringify(after)) return () => Promise.resolve()
  if (before !== null) refuseUnsafe(await changeTo(after, before, kafka))
  const isStored = after.stores.length > 0 || after.repartitions.length > 0
  return () => (isStored || before !== null ? record.write(after) : Promise.resolve())
}

async function changeTo(after: WrittenTopology, before: WrittenTopology | null, kafka: Kafka): Promise<TopologyPlan> {
  const wanted = [before, after].flatMap((one) => [
    ...(one?.stores ?? []).flatMap(({ topic }) => topic ?? []),
    ...(one?.repartitions ?? []).map(({ name }) => name),
  ])
  return planChange(before, after, countsOf(await kafka.admin.describeTopics([...new Set(wanted)])))
}

async function withPatterns(written: Topology, settings: StreamsSettings, { admin }: Kafka): Promise<Topology> {
  if (!written.hasPatterns) return written
  const there = (await admin.describeTopics()).map(({ topic }) => topic)
  return readingOf(written, there, settings)
}

/** The topology with every pattern read as those of these topics that it matches. @throws SluiceError TOPOLOGY_INVALID: see `withTopics` */
export function readingOf(written: Topology, topics: readonly string[], settings: StreamsSettings): Topology {
  return written.withTopics(topics, quarantineTopicOf(settings))
}

/** The partitions of the topics that are read and not internal. Those that the topology writes itself are created if need be. */
async function externalSources(
  topology: Topology,
  settings: StreamsSettings,
  kafka: Kafka,
): Promise<ReadonlyMap<string, number>> {
  const isInternal = (topic: string): boolean => topology.repartitions.has(topic)
  const wanted = topology.sources.flatMap((source) => source.topics).filter((topic) => !isInternal(topic))
  const found = await kafka.admin.describeTopics(wanted)
  const missing = wanted.filter((topic) => !found.some((one) => one.topic === topic))
  const outputs = settings['create.topics'] ? topology.sinkTopics.filter((topic) => !isInternal(topic)) : []
  const absent = missing.filter((topic) => !outputs.includes(topic))
  if (absent.length > 0) {
    throw new SluiceError('TOPOLOGY_INVALID', `Source topics do not exist: ${absent.join(', ')}`, {
      remedy: 'Create them, or start first what writes them.',
    })
  }
  if (settings['create.topics']) await createOutputs(topology, outputs, settings, kafka, found)
  return countsOf(missing.length === 0 ? found : await kafka.admin.describeTopics(wanted))
}

/** Creates what is missing of the topics that are written. Quarantine topics also take records that are just within the limit. */
async function createOutputs(
  topology: Topology,
  outputs: readonly string[],
  settings: StreamsSettings,
  { admin }: Kafka,
  sources: readonly TopicDescription[],
): Promise<void> {
  const partitions = Math.max(1, ...sources.map((source) => source.partitions))
  const diverted = quarantineTopics(topology, settings)
  const results = outputs.filter((topic) => !diverted.has(topic))
  const maxBytes = String(settings['producer.max.request.size'] + 2 * QUARANTINE_BYTES)
  await admin.ensureTopics([
    ...[...new Set(results)].map((topic) => ({ topic, partitions })),
    ...[...diverted.keys()].map((topic) => ({ topic, partitions, configs: { 'max.message.bytes': maxBytes } })),
  ])
}

/** One that is there with another number of partitions has records of other keys in each: it cannot be gone on with. */
async function ensureInternal(topics: readonly InternalTopic[], { admin }: Kafka): Promise<void> {
  if (topics.length === 0) return
  const needed = new Map(topics.map(({ name, partitions }) => [name, partitions]))
  await admin.ensureTopics(topics.map(({ name, partitions, configs }) => ({ topic: name, partitions, configs })))
  for (const { topic, partitions } of await admin.describeTopics([...needed.keys()])) {
    if (partitions === needed.get(topic)) continue
    throw new SluiceError('TOPOLOGY_INVALID', `Internal topic ${topic} has ${partitions} partitions`, {
      place: { topic, partitions, needed: needed.get(topic)! },
      remedy:
        'Give the topics that are read the number of partitions that they had, or delete the application’s internal topics and its group, and begin anew.',
    })
  }
}

function countsOf(topics: readonly TopicDescription[]): Map<string, number> {
  return new Map(topics.map(({ topic, partitions }) => [topic, partitions]))
}
