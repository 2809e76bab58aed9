import type { Kafka } from '@sluice/kafka'
import type { Logger, RawSettings, SourceConnector } from '@sluice/sdk'
import type { TaskHandle } from './cells/work-environment.ts'
import { producerLimits, type ProducerLimits } from './clients.ts'
import { boundaryOf, claim, timeoutOf, type ExactlyOnce } from './exactly-once.ts'
import { stageFigures, taskTexts } from './plugins/plugin-figures.ts'
import { closeConverters, makeChain, makeConverters } from './plugins/stages.ts'
import type { PositionStore } from './positions/position-store.ts'
import { AtLeastOnce } from './record-path/at-least-once.ts'
import { BatchEncoder } from './record-path/batch-encoder.ts'
import { RecordEncoder } from './record-path/convert.ts'
import { DeadLetters } from './record-path/dead-letters.ts'
import { ErrorFigures } from './record-path/error-figures.ts'
import { RateLimit } from './record-path/rate-limit.ts'
import { SourceContext } from './record-path/source-context.ts'
import { SourceCounts, type SourceProgress } from './record-path/source-counts.ts'
import { SourceFigures } from './record-path/source-figures.ts'
import { SourceLoop } from './record-path/source-loop.ts'
import { SourceTransactions } from './record-path/source-transactions.ts'
import { TaskControl, type TaskEvents } from './record-path/task-control.ts'
import { TaskFigures, type FigureGroup } from './record-path/task-figures.ts'
import { Tolerance } from './record-path/tolerance.ts'
import { TopicCreation } from './record-path/topic-creation.ts'
import { below, type ConnectorSettings, type SourceSettings } from './settings.ts'
import { adminOfTask, assertSameCluster, borrowed, kafkaOfTask, type TaskKafka } from './task-kafka.ts'
import { TopicMaker } from './topic-maker.ts'
import { clientsOf } from './validation/client-overrides.ts'
import { sourceSettings } from './validation/source-settings.ts'
import type { SinkWorkerParts, WorkerParts } from './worker-parts.ts'

export type { ExactlyOnce } from './exactly-once.ts'

export interface SourceHandle extends TaskHandle {
  progress(): SourceProgress
  /** Under Kafka Connect's names. */
  figures(): readonly FigureGroup[]
}

/** What a host adds to a task; without it the task runs at least once until it is stopped. */
export interface SourceHooks {
  readonly control: TaskControl
  readonly events: TaskEvents
  /** Null: at least once. */
  readonly exactlyOnce: ExactlyOnce | null
  /** Where positions are read, and at least once also stored, if not where the worker has them. */
  readonly positions?: PositionStore
}

const NO_EVENTS: TaskEvents = { stateChanged: () => undefined, topicUsed: () => undefined }

/** Puts a source task together from its settings. The producer is the task's own, as in Kafka Connect, and closed with its loop. */
export async function buildSourceTask(
  worker: WorkerParts,
  connector: SourceConnector,
  raw: RawSettings,
  task: number,
  logger: Logger,
  hooks: SourceHooks = { control: new TaskControl(worker.clock), events: NO_EVENTS, exactlyOnce: null },
): Promise<SourceHandle> {
  const common = sourceSettings.parse(raw)
  const kafka = await kafkaOfTask(worker, 'producer', raw, logger)
  let admin = borrowed(kafka)
  const close = async (): Promise<void> => {
    await admin.close()
    await kafka.close()
  }
  try {
    // Where Kafka Connect's has no admin client, its settings have no effect, and the policy does not look at them.
    if (clientsOf('source', raw, hooks.exactlyOnce !== null).includes('admin'))
      admin = await adminOfTask(worker, raw, kafka, logger)
    return await assemble({ worker, connector, raw, task, logger, hooks, common, kafka, admin, close })
  } catch (error) {
    await close()
    throw error
  }
}

interface Given {
  readonly worker: WorkerParts
  readonly connector: SourceConnector
  readonly raw: RawSettings
  readonly task: number
  readonly logger: Logger
  readonly hooks: SourceHooks
  readonly common: SourceSettings
  readonly kafka: TaskKafka
  /** Makes topics. */
  readonly admin: TaskKafka
  close(): Promise<void>
}

async function assemble(given: Given): Promise<SourceHandle> {
  const { worker, connector, raw, task, logger, hooks, common, kafka, admin } = given
  const { clock, random, metrics, plugins } = worker
  const positions = hooks.positions ?? worker.positions
  const limits = limitsOf(worker, raw)
  const tags = { connector: common.name, task: String(task) }
  const figures = new TaskFigures(tags, clock, taskTexts(plugins, worker.worker, raw, connector))
  const errors = new ErrorFigures(tags, clock)
  const sourceFigures = new SourceFigures(tags, clock)
  const counts = new SourceCounts(metrics, common.name, task, sourceFigures)
  const tolerance = makeTolerance(worker, common, logger, errors)
  const deadLetters = await openDeadLetters(worker, common, connector.name, task, limits, admin.kafka)
  const boundary = boundaryOf(common, worker.settings['offset.flush.interval.ms'])
  const isExactlyOnce = hooks.exactlyOnce !== null
  const context = new SourceContext({
    connector: common.name,
    task,
    logger,
    metrics,
    clock,
    random,
    positions,
    counts,
    transaction: isExactlyOnce && boundary.kind === 'connector' ? boundary.requests : null,
  })
  const ownTask = connector.createTask(connector.settings.parse(raw), context)
  const shared = {
    connector: common.name,
    task: ownTask,
    tolerance,
    counts,
    figures,
    errors,
    control: hooks.control,
    events: hooks.events,
    logger,
    clock,
    queueBytesMax: worker.settings['task.queue.bytes'],
    flushIntervalMs: worker.settings['offset.flush.interval.ms'],
    flushTimeoutMs: worker.settings['offset.flush.timeout.ms'],
  }
  const options = { ...limits.options, clientId: limits.clientId ?? `connector-producer-${common.name}-${task}` }
  const converters = makeConverters(plugins, worker.worker, raw)
  const closing: { close(timeoutMs: number): Promise<void> }[] = []
  const loop = new SourceLoop({
    ...shared,
    context,
    batches: new BatchEncoder({
      chain: makeChain(plugins, common.transforms, raw),
      encoder: new RecordEncoder(converters),
      tolerance,
      deadLetters,
      clock,
      recordBytesMax: limits.recordBytesMax,
      letterBytesMax: limits.options.requestBytesMax,
    }),
    deliver: async (fail, signal) => {
      if (hooks.exactlyOnce === null) {
        const producer = kafka.kafka.producer(options)
        closing.push(producer)
        return new AtLeastOnce({ ...shared, producer, positions }, fail)
      }
      if (kafka.isOwn) await assertSameCluster(kafka.kafka, worker.kafka)
      const producer = await claim(kafka.kafka, hooks.exactlyOnce, signal, {
        ...options,
        transactionTimeoutMs: limits.transactionTimeoutMs ?? timeoutOf(boundary),
      })
      closing.push(producer)
      return new SourceTransactions({ ...shared, producer, positions: hooks.exactlyOnce.positions, boundary }, fail)
    },
    topicMaker: new TopicMaker({
      admin: admin.kafka.admin,
      producer: kafka.kafka.admin,
      creation: worker.worker['topic.creation.enable'] === 'false' ? null : TopicCreation.of(raw),
      positionTopic: hooks.exactlyOnce?.positionTopic ?? null,
      logger,
    }),
    rates: new RateLimit(
      {
        recordsPerSecond: common['rate.limit.records.per.second'],
        bytesPerSecond: common['rate.limit.bytes.per.second'],
      },
      clock,
    ),
  })
  const stages = stageFigures(plugins, raw, common.transforms, tags)
  return {
    progress: () => counts.progress(),
    figures: () => [figures.read(), sourceFigures.read(), errors.read(), ...stages],
    run: async (signal) => {
      // What waits for the producer of a task that was left behind ends here.
      const cancel = (): void => {
        closing.forEach((producer) => void producer.close(0))
        closeConverters(converters)
      }
      hooks.control.cancelled.addEventListener('abort', cancel, { once: true })
      try {
        await loop.run(signal)
      } finally {
        closeConverters(converters)
        for (const producer of closing)
          await producer.close(hooks.control.isCancelled ? 0 : worker.settings['offset.flush.timeout.ms'])
        await given.close()
      }
    },
  }
}

/** A task's producer: the worker's settings, and the connector's own over them. */
export function limitsOf(worker: Pick<WorkerParts, 'worker'>, raw: RawSettings): ProducerLimits {
  return producerLimits({ ...below('producer.', worker.worker), ...below('producer.override.', raw) })
}

export function makeTolerance(
  worker: SinkWorkerParts,
  common: ConnectorSettings,
  logger: Logger,
  errors: ErrorFigures | null = null,
): Tolerance {
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
    errors,
  )
}

/** Null when the connector names no dead letter topic; else the topic exists afterwards. One that is made here has room for any letter. */
export async function openDeadLetters(
  worker: SinkWorkerParts,
  common: ConnectorSettings,
  className: string,
  task: number,
  { options }: ProducerLimits,
  { admin }: Pick<Kafka, 'admin'>,
): Promise<DeadLetters | null> {
  const topic = common['errors.deadletterqueue.topic.name']
  if (topic === '') return null
  const replicationFactor = common['errors.deadletterqueue.topic.replication.factor']
  const configs = { 'max.message.bytes': String(options.requestBytesMax) }
  await admin.ensureTopics([{ topic, partitions: 1, replicationFactor, configs }])
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
