/** The topics of an application: its sources must be there; what it writes, and what it keeps for itself, is made if need be. */
import type { Kafka, TopicDescription } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { quarantineTopicOf, type StreamsSettings } from '../streams-settings.ts'
import { internalTopics } from '../topology/internal-topics.ts'
import { planPartitions } from '../topology/partition-plan.ts'
import type { Topology } from '../topology/topology.ts'

/** How much larger than a result a quarantined record may be: its reasons travel as headers. */
export const QUARANTINE_BYTES = 65_536

/**
 * `topology` is the application's: see `Topology.forApplication`. Returns how many partitions there are of each topic that is read.
 * @throws SluiceError TOPOLOGY_INVALID when a source topic does not exist, when topics whose records meet differ in partitions, and when
 *   an internal topic exists with another number of them
 */
export async function prepareTopics(
  topology: Topology,
  settings: StreamsSettings,
  kafka: Kafka,
): Promise<ReadonlyMap<string, number>> {
  const { admin } = kafka
  const wanted = topology.sources.flatMap(({ topics }) => topics.filter((topic) => !topology.repartitions.has(topic)))
  const found = await admin.describeTopics(wanted)
  const missing = wanted.filter((topic) => !found.some((one) => one.topic === topic))
  const written = new Set(settings['create.topics'] ? topology.sinkTopics : [])
  const absent = missing.filter((topic) => !written.has(topic))
  if (absent.length > 0) {
    throw new SluiceError('TOPOLOGY_INVALID', `Source topics do not exist: ${absent.join(', ')}`, {
      remedy: 'Create them, or start first what writes them.',
    })
  }
  if (settings['create.topics']) await createTopics(topology, settings, kafka, found)
  const sources = missing.length === 0 ? found : await admin.describeTopics(wanted)
  const plan = planPartitions(topology, new Map(sources.map(({ topic, partitions }) => [topic, partitions])))
  const internal = internalTopics(topology, settings['application.id'], plan)
  if (internal.length > 0) {
    await admin.ensureTopics(internal.map(({ name: topic, partitions, configs }) => ({ topic, partitions, configs })))
    for (const { topic, partitions } of await admin.describeTopics(internal.map(({ name }) => name))) {
      const { partitions: needed } = internal.find(({ name }) => name === topic)!
      if (partitions !== needed) throw misfit(topic, partitions, needed)
    }
  }
  return plan.topics
}

/** Creates what is missing of the topics that are written. Quarantine topics also take records that are just within the limit. */
async function createTopics(
  topology: Topology,
  settings: StreamsSettings,
  { admin }: Kafka,
  sources: readonly TopicDescription[],
): Promise<void> {
  const partitions = Math.max(1, ...sources.map((source) => source.partitions))
  const diverted = new Set(topology.sources.map((source) => source.quarantine ?? quarantineTopicOf(settings)))
  for (const { operator } of topology.processors) for (const topic of operator.divertsTo ?? []) diverted.add(topic)
  const results = topology.sinkTopics.filter((topic) => !diverted.has(topic) && !topology.repartitions.has(topic))
  const maxBytes = String(settings['producer.max.request.size'] + 2 * QUARANTINE_BYTES)
  await admin.ensureTopics([
    ...[...new Set(results)].map((topic) => ({ topic, partitions })),
    ...[...diverted].map((topic) => ({ topic, partitions, configs: { 'max.message.bytes': maxBytes } })),
  ])
}

function misfit(topic: string, partitions: number, needed: number): SluiceError {
  return new SluiceError('TOPOLOGY_INVALID', `Topic ${topic} has ${partitions} partitions, and needs ${needed}`, {
    place: { topic, partitions, needed },
    remedy:
      'The topics that are read had other partitions when it was made: run under a new application.id, or delete the internal topics and process again from the beginning.',
  })
}
