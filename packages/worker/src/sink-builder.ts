import { SluiceError, type Logger, type RawSettings, type SinkConnector, type TopicPartition } from '@sluice/sdk'
import { type TaskFetcherOptions, fetcherOptions } from './clients.ts'
import { makeChain, makeConverters } from './plugins/stages.ts'
import { RecordDecoder } from './record-path/convert.ts'
import { SinkContext } from './record-path/sink-context.ts'
import { SinkLoop } from './record-path/sink-loop.ts'
import { SinkPositions, type Beginnings, type SinkPartitionProgress } from './record-path/sink-positions.ts'
import { below, sinkSettings } from './settings.ts'
import { limitsOf, makeTolerance, openDeadLetters } from './source-builder.ts'
import type { WorkerParts } from './standalone.ts'
import type { Loop } from './task-runner.ts'

export interface SinkHandle extends Loop {
  progress(): readonly SinkPartitionProgress[]
}

const TOPICS_LOOK_MS = 500

/**
 * Puts a sink task together from its settings. Partitions are dealt out by number among the connector's tasks; offsets are kept for
 * the group `connect-<name>`, as in Kafka Connect. The task begins when all of its topics are there: a source beside it may be the
 * one that makes them.
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
  const limits = limitsOf(worker, raw)
  const deadLetters = await openDeadLetters(worker, common, connector.name, task, limits)
  const tolerance = makeTolerance(worker, common, logger)
  const chain = makeChain(plugins, common.transforms, raw)
  const decoder = new RecordDecoder(makeConverters(plugins, worker.worker, raw))
  const reading = fetcherOptions({ ...below('consumer.', worker.worker), ...below('consumer.override.', raw) })
  const positions = new SinkPositions(beginningsOf(worker, reading.reset))
  const fetcher = kafka.fetcher(reading)
  const producer = kafka.producer(limits.options)
  const basics = { connector: common.name, task, logger, metrics, clock, random }
  const context = new SinkContext(basics, { fetcher, positions, tolerance, deadLetters })
  const parts = {
    task: connector.createTask(connector.settings.parse(raw), context),
    context,
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
  }
  return {
    progress: () => positions.progress(),
    run: async (signal) => {
      try {
        const counts = await partitionCounts(worker, common.topics, logger, signal)
        if (counts === null) return
        await new SinkLoop({ ...parts, partitions: shareOf(counts, task, tasks) }).run(signal)
      } finally {
        await fetcher.close()
        await producer.close(settings['offset.flush.timeout.ms'])
      }
    },
  }
}

/** Where partitions begin that the group has not read yet, as `auto.offset.reset` says. */
function beginningsOf({ kafka }: WorkerParts, reset: TaskFetcherOptions['reset']): Beginnings {
  return (partitions) => {
    if (reset !== 'none') return kafka.admin.listOffsets(partitions, reset)
    throw new SluiceError(
      'OFFSET_OUT_OF_RANGE',
      'There is no committed offset to begin with, and auto.offset.reset is none',
      {
        place: { topic: partitions[0]!.topic, partition: partitions[0]!.partition },
        remedy: 'Commit an offset for the group, or set auto.offset.reset to earliest or latest.',
      },
    )
  }
}

/** How many partitions each topic has, once all are there. Null when the signal was aborted before. */
async function partitionCounts(
  { kafka, clock }: WorkerParts,
  topics: readonly string[],
  logger: Logger,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | null> {
  let told = ''
  while (!signal.aborted) {
    const found = new Map(
      (await kafka.admin.describeTopics(topics)).map(({ topic, partitions }) => [topic, partitions]),
    )
    const missing = topics.filter((topic) => !found.has(topic)).join(', ')
    if (missing === '') return new Map(topics.map((topic) => [topic, found.get(topic)!]))
    if (missing !== told) logger.warn('Waiting for topics that are not there', { topics: missing })
    told = missing
    await clock.sleep(TOPICS_LOOK_MS, signal)
  }
  return null
}

/** A task's partitions. Whose a partition is depends on nothing that may change between two tasks' looks. */
function shareOf(counts: ReadonlyMap<string, number>, task: number, tasks: number): readonly TopicPartition[] {
  return [...counts].flatMap(([topic, count], index) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })).filter(
      ({ partition }) => (index + partition) % tasks === task,
    ),
  )
}
