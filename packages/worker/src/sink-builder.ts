import { SluiceError, type Logger, type RawSettings, type SinkConnector, type TopicPartition } from '@sluice/sdk'
import { fetcherOptions, producerOptions } from './clients.ts'
import { makeChain, makeConverters } from './plugins/stages.ts'
import { RecordDecoder } from './record-path/convert.ts'
import { SinkContext } from './record-path/sink-context.ts'
import { SinkLoop } from './record-path/sink-loop.ts'
import { SinkPositions, type SinkPartitionProgress } from './record-path/sink-positions.ts'
import { below, sinkSettings } from './settings.ts'
import { makeTolerance, openDeadLetters } from './source-builder.ts'
import type { WorkerParts } from './standalone.ts'
import type { Loop } from './task-runner.ts'

export interface SinkHandle extends Loop {
  progress(): readonly SinkPartitionProgress[]
}

/**
 * Puts a sink task together from its settings. Partitions are dealt out by number among the connector's tasks; offsets are kept for
 * the group `connect-<name>`, as in Kafka Connect.
 */
export async function buildSinkTask(
  worker: WorkerParts,
  connector: SinkConnector,
  raw: RawSettings,
  task: number,
  tasks: number,
  logger: Logger,
): Promise<SinkHandle> {
  const { kafka, clock, random, metrics, plugins, settings } = worker
  const common = sinkSettings.parse(raw)
  const assignment = await partitionsOf(worker, common.topics, task, tasks)
  const deadLetters = await openDeadLetters(worker, common, connector.name, task)
  const tolerance = makeTolerance(worker, common, logger)
  const chain = makeChain(plugins, common.transforms, raw)
  const decoder = new RecordDecoder(makeConverters(plugins, worker.worker, raw))
  const positions = new SinkPositions((partitions) => kafka.admin.listOffsets(partitions, 'earliest'))
  const fetcher = kafka.fetcher(fetcherOptions({ ...below('consumer.', worker.worker), ...below('consumer.override.', raw) }))
  const producer = kafka.producer(producerOptions(below('producer.', worker.worker)))
  const context = new SinkContext(
    { connector: common.name, task, logger, metrics, clock, random },
    { assignment, fetcher, positions, tolerance, deadLetters },
  )
  const loop = new SinkLoop({
    task: connector.createTask(connector.settings.parse(raw), context),
    context,
    partitions: assignment,
    fetcher,
    offsets: kafka.groupOffsets(`connect-${common.name}`),
    positions,
    decoder,
    chain,
    tolerance,
    deadLetters,
    producer,
    logger,
    clock,
    commitIntervalMs: settings['offset.flush.interval.ms'],
    flushTimeoutMs: settings['offset.flush.timeout.ms'],
  })
  return {
    progress: () => positions.progress(),
    run: async (signal) => {
      try {
        await loop.run(signal)
      } finally {
        await fetcher.close()
        await producer.close(settings['offset.flush.timeout.ms'])
      }
    },
  }
}

async function partitionsOf(
  worker: WorkerParts,
  topics: readonly string[],
  task: number,
  tasks: number,
): Promise<readonly TopicPartition[]> {
  const found = await worker.kafka.admin.describeTopics(topics)
  const missing = topics.filter((topic) => !found.some((description) => description.topic === topic))
  if (missing.length > 0) {
    throw new SluiceError('KAFKA_REFUSED', `These topics do not exist: ${missing.join(', ')}`, {
      remedy: 'Create them, or start what writes them first.',
      retriable: true,
    })
  }
  const all = found.flatMap(({ topic, partitions }) => Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  return all.filter((_, index) => index % tasks === task)
}
