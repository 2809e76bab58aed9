import type { Logger, RawSettings, SourceConnector } from '@sluice/sdk'
import { producerLimits, type ProducerLimits } from './clients.ts'
import { makeChain, makeConverters } from './plugins/stages.ts'
import { RecordEncoder } from './record-path/convert.ts'
import { DeadLetters } from './record-path/dead-letters.ts'
import { SourceContext } from './record-path/source-context.ts'
import { SourceCounts, type SourceProgress } from './record-path/source-counts.ts'
import { SourceLoop } from './record-path/source-loop.ts'
import { Tolerance } from './record-path/tolerance.ts'
import { below, sourceSettings, type ConnectorSettings } from './settings.ts'
import type { WorkerParts } from './standalone.ts'
import type { Loop } from './task-runner.ts'
import { TopicMaker } from './topic-maker.ts'

export interface SourceHandle extends Loop {
  progress(): SourceProgress
}

/** Puts a source task together from its settings. The producer is the task's own, as in Kafka Connect, and closed with its loop. */
export async function buildSourceTask(
  worker: WorkerParts,
  connector: SourceConnector,
  raw: RawSettings,
  task: number,
  logger: Logger,
): Promise<SourceHandle> {
  const { kafka, clock, random, metrics, positions, plugins, settings } = worker
  const common = sourceSettings.parse(raw)
  const limits = limitsOf(worker, raw)
  const deadLetters = await openDeadLetters(worker, common, connector.name, task, limits)
  const counts = new SourceCounts(metrics, common.name, task)
  const context = new SourceContext({ connector: common.name, task, logger, metrics, clock, random, positions, counts })
  const chain = makeChain(plugins, common.transforms, raw)
  const encoder = new RecordEncoder(makeConverters(plugins, worker.worker, raw))
  const producer = kafka.producer(limits.options)
  const loop = new SourceLoop({
    connector: common.name,
    task: connector.createTask(connector.settings.parse(raw), context),
    context,
    chain,
    encoder,
    producer,
    positions,
    tolerance: makeTolerance(worker, common, logger),
    deadLetters,
    topicMaker: new TopicMaker(kafka.admin, {
      partitions: common['topic.creation.default.partitions'],
      replicationFactor: common['topic.creation.default.replication.factor'],
    }),
    counts,
    logger,
    clock,
    queueBytesMax: settings['task.queue.bytes'],
    recordBytesMax: limits.recordBytesMax,
    letterBytesMax: limits.options.requestBytesMax,
    flushIntervalMs: settings['offset.flush.interval.ms'],
    flushTimeoutMs: settings['offset.flush.timeout.ms'],
  })
  return {
    progress: () => counts.progress(),
    run: async (signal) => {
      try {
        await loop.run(signal)
      } finally {
        await producer.close(settings['offset.flush.timeout.ms'])
      }
    },
  }
}

/** A task's producer: the worker's settings, and the connector's own over them. */
export function limitsOf(worker: Pick<WorkerParts, 'worker'>, raw: RawSettings): ProducerLimits {
  return producerLimits({ ...below('producer.', worker.worker), ...below('producer.override.', raw) })
}

export function makeTolerance(worker: WorkerParts, common: ConnectorSettings, logger: Logger): Tolerance {
  return new Tolerance(
    {
      retryTimeoutMs: common['errors.retry.timeout'],
      retryDelayMaxMs: common['errors.retry.delay.max.ms'],
      tolerance: common['errors.tolerance'],
      log: common['errors.log.enable'],
      logPlace: common['errors.log.include.messages'],
    },
    logger,
    worker.clock,
    worker.random,
  )
}

/** Null when the connector names no dead letter topic; else the topic exists afterwards. One that is made here has room for any letter. */
export async function openDeadLetters(
  worker: WorkerParts,
  common: ConnectorSettings,
  className: string,
  task: number,
  { options }: ProducerLimits,
): Promise<DeadLetters | null> {
  const topic = common['errors.deadletterqueue.topic.name']
  if (topic === '') return null
  const replicationFactor = common['errors.deadletterqueue.topic.replication.factor']
  const configs = { 'max.message.bytes': String(options.requestBytesMax) }
  await worker.kafka.admin.ensureTopics([{ topic, partitions: 1, replicationFactor, configs }])
  return new DeadLetters({
    topic,
    connector: common.name,
    className,
    task,
    contextHeaders: common['errors.deadletterqueue.context.headers.enable'],
    clock: worker.clock,
    random: worker.random,
  })
}
