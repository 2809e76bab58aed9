/** Takes up partitions: which there are, where each goes on, and the tasks that own them. */
import { decodeTally, EMPTY_TALLY, type Kafka, type TopicDescription } from '@sluice/kafka'
import { SluiceError, type TopicPartition, type TopicPartitionOffset } from '@sluice/sdk'
import type { PartitionStanding } from './record-path/stream-loop.ts'
import { StreamTask, type TaskPorts, type TaskSettings } from './record-path/stream-task.ts'
import { quarantineTopicOf, type StreamsSettings } from './streams-settings.ts'
import type { Topology } from './topology/topology.ts'

/** How much larger than a result a quarantined record may be: its reasons travel as headers. */
export const QUARANTINE_BYTES = 65_536

export interface TakenUp {
  readonly standings: readonly PartitionStanding[]
  /** The first offset that is still there, by partition. */
  readonly earliest: readonly TopicPartitionOffset[]
  /** Where each partition of `standings` ended when it was taken up. */
  readonly ends: readonly number[]
}

/**
 * @throws SluiceError TOPOLOGY_INVALID when a source topic does not exist, OFFSET_OUT_OF_RANGE when a committed offset points at
 *   records that were deleted
 */
export async function takeUp(
  topology: Topology,
  settings: StreamsSettings,
  kafka: Kafka,
  ports: TaskPorts,
): Promise<TakenUp> {
  const { admin } = kafka
  const topics = await sourceTopics(topology, settings, kafka)
  const partitions = topics.flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition): TopicPartition => ({ topic, partition })),
  )
  const [earliest, latest, committed] = await Promise.all([
    admin.listOffsets(partitions, 'earliest'),
    admin.listOffsets(partitions, 'latest'),
    kafka.groupOffsets(settings['application.id']).committed(partitions),
  ])
  const standings: PartitionStanding[] = []
  const taskSettings = taskSettingsOf(settings)
  for (const subtopology of topology.subtopologies) {
    const own = topics.filter(({ topic }) => subtopology.sourceTopics.includes(topic))
    for (let number = 0; number < Math.max(...own.map((topic) => topic.partitions)); number++) {
      const starts = own
        .filter(({ partitions }) => number < partitions)
        .map(({ topic }) => {
          const at = { topic, partition: number }
          const known = of(committed, at)
          const first = of(earliest, at)?.offset ?? 0
          if (known === undefined) return { ...at, offset: first, tally: EMPTY_TALLY }
          if (known.offset < first) throw deleted(known, first)
          return { ...at, offset: known.offset, tally: decodeTally(known.metadata) }
        })
      const task = new StreamTask(topology, subtopology, number, starts, taskSettings, ports)
      for (const partition of task.partitions) {
        const committedOffset = of(committed, partition)?.offset ?? null
        standings.push({ task, partition, committed: committedOffset, endOffset: of(latest, partition)?.offset ?? 0 })
      }
    }
  }
  return { standings, earliest, ends: standings.map((standing) => standing.endOffset) }
}

/** The source topics. Those that the topology writes itself are created if need be; the others must be there. */
async function sourceTopics(
  topology: Topology,
  settings: StreamsSettings,
  kafka: Kafka,
): Promise<readonly TopicDescription[]> {
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
  return missing.length === 0 ? found : kafka.admin.describeTopics(wanted)
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

/** What a task needs of the settings. */
export function taskSettingsOf(settings: StreamsSettings): TaskSettings {
  return {
    applicationId: settings['application.id'],
    quarantineTopic: quarantineTopicOf(settings),
    onDecodeException: settings['deserialization.exception.handler'],
    onProcessException: settings['processing.exception.handler'],
    onEncodeException: settings['production.exception.handler'],
    recordBytesMax: settings['producer.max.request.size'],
  }
}

function of<T extends TopicPartition>(offsets: readonly T[], { topic, partition }: TopicPartition): T | undefined {
  return offsets.find((one) => one.topic === topic && one.partition === partition)
}

function deleted({ topic, partition, offset }: TopicPartitionOffset, first: number): SluiceError {
  return new SluiceError(
    'OFFSET_OUT_OF_RANGE',
    `Records behind the committed offset were deleted before they were processed`,
    {
      place: { topic, partition, committed: offset, first },
      remedy:
        'Commit an offset that still exists for this group, accepting the loss, and raise the retention of the topic.',
    },
  )
}
