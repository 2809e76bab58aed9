/** The topics of an application: its sources must be there; what it writes, and what it keeps for itself, is made if need be. */
import type { Kafka, TopicDescription } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { quarantineTopicOf, type StreamsSettings } from '../streams-settings.ts'
import { changelogTopicOf } from '../topology/internal-topics.ts'
import type { Topology } from '../topology/topology.ts'

/** How much larger than a result a quarantined record may be: its reasons travel as headers. */
export const QUARANTINE_BYTES = 65_536

/**
 * Returns how many partitions each source topic has.
 * @throws SluiceError TOPOLOGY_INVALID when a source topic does not exist
 */
export async function prepareTopics(
  topology: Topology,
  settings: StreamsSettings,
  kafka: Kafka,
): Promise<ReadonlyMap<string, number>> {
  const wanted = topology.sources.flatMap((source) => source.topics)
  const found = await kafka.admin.describeTopics(wanted)
  const missing = wanted.filter((topic) => !found.some((one) => one.topic === topic))
  const written = new Set(settings['create.topics'] ? topology.sinkTopics : [])
  const absent = missing.filter((topic) => !written.has(topic))
  if (absent.length > 0) {
    throw new SluiceError('TOPOLOGY_INVALID', `Source topics do not exist: ${absent.join(', ')}`, {
      remedy: 'Create them, or start first what writes them.',
    })
  }
  if (settings['create.topics']) await createTopics(topology, settings, kafka, found)
  const sources = missing.length === 0 ? found : await kafka.admin.describeTopics(wanted)
  const counts = new Map(sources.map(({ topic, partitions }) => [topic, partitions]))
  await createChangelogs(topology, settings, kafka, counts)
  return counts
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
  const results = topology.sinkTopics.filter((topic) => !diverted.has(topic))
  const maxBytes = String(settings['producer.max.request.size'] + 2 * QUARANTINE_BYTES)
  await admin.ensureTopics([
    ...[...new Set(results)].map((topic) => ({ topic, partitions })),
    ...[...diverted].map((topic) => ({ topic, partitions, configs: { 'max.message.bytes': maxBytes } })),
  ])
}

/** As many partitions as there are tasks. */
async function createChangelogs(
  topology: Topology,
  settings: StreamsSettings,
  { admin }: Kafka,
  counts: ReadonlyMap<string, number>,
): Promise<void> {
  const topics = topology.subtopologies.flatMap(({ isGlobal, sourceTopics, stores }) => {
    if (isGlobal) return []
    const partitions = Math.max(...sourceTopics.map((topic) => counts.get(topic) ?? 0))
    return stores.flatMap(({ definition: { name, logging }, sourceTopic }) => {
      if (logging === null || sourceTopic !== undefined) return []
      const configs = { 'cleanup.policy': 'compact', 'message.timestamp.type': 'CreateTime', ...logging }
      return [{ topic: changelogTopicOf(settings['application.id'], name), partitions, configs }]
    })
  })
  if (topics.length > 0) await admin.ensureTopics(topics)
}
