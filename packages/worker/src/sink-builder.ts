import type { Kafka } from '@sluice/kafka'
import { SluiceError, type Logger, type RawSettings, type SinkConnector } from '@sluice/sdk'
import { javaRegex } from '@sluice/transforms'
import type { TaskHandle } from './cells/work-environment.ts'
import { fetcherOptions, type ProducerLimits, type TaskFetcherOptions } from './clients.ts'
import { sinkConsumerOptions } from './member-settings.ts'
import type { Plugins } from './plugins/catalogue.ts'
import { stageFigures, taskTexts } from './plugins/plugin-figures.ts'
import { closeConverters, makeChain, makeConverters } from './plugins/stages.ts'
import { RecordDecoder, type Part } from './record-path/convert.ts'
import type { DeadLetters, StageClasses } from './record-path/dead-letters.ts'
import { ErrorFigures } from './record-path/error-figures.ts'
import { valueScanner } from './record-path/scanned-value.ts'
import { SinkAssignment } from './record-path/sink-assignment.ts'
import { SinkCommitter } from './record-path/sink-committer.ts'
import { SinkContext } from './record-path/sink-context.ts'
import { SinkDecode } from './record-path/sink-decode.ts'
import { SinkFigures } from './record-path/sink-figures.ts'
import { SinkFlush } from './record-path/sink-flush.ts'
import { SinkLag, type PartitionLag } from './record-path/sink-lag.ts'
import { SinkLoop } from './record-path/sink-loop.ts'
import { SinkMembership } from './record-path/sink-membership.ts'
import { SinkPositions, type Beginnings, type SinkPartitionProgress } from './record-path/sink-positions.ts'
import { SinkPut } from './record-path/sink-put.ts'
import { SinkTopics } from './record-path/sink-topics.ts'
import { TaskControl, type TaskEvents } from './record-path/task-control.ts'
import { TaskFigures, type FigureGroup } from './record-path/task-figures.ts'
import { WakeUp } from './record-path/wake-up.ts'
import { below, HEADER_CONVERTER, sinkSettings, type SinkSettings } from './settings.ts'
import { limitsOf, makeTolerance, openDeadLetters } from './source-builder.ts'
import { adminOfTask, borrowed, kafkaOfTask, type TaskKafka } from './task-kafka.ts'
import type { SinkWorkerParts } from './worker-parts.ts'

export interface SinkHandle extends TaskHandle {
  progress(): readonly SinkPartitionProgress[]
  /** How far each partition is behind. */
  lag(): readonly PartitionLag[]
  /** Under Kafka Connect's names, and what each partition is behind. */
  figures(): readonly FigureGroup[]
}

/** What a host adds to a task; without it the task runs until it is stopped. */
export interface SinkHooks {
  readonly control: TaskControl
  readonly events: TaskEvents
}

const LETTERS = 'errors.deadletterqueue.topic.name'

const NO_EVENTS: TaskEvents = { stateChanged: () => undefined, topicUsed: () => undefined }

/**
 * Puts a sink task together from its settings. It is a member of the group `connect-<name>`, as in Kafka Connect: the tasks of a
 * connector share its partitions, on whatever workers they are. What it reads of topics that are not there yet begins when they are: a
 * source beside it may be the one that makes them.
 */
export async function buildSinkTask(
  worker: SinkWorkerParts,
  connector: SinkConnector,
  raw: RawSettings,
  task: number,
  logger: Logger,
  hooks: SinkHooks = { control: new TaskControl(worker.clock), events: NO_EVENTS },
): Promise<SinkHandle> {
  const common = sinkSettings.parse(raw)
  const reading = await kafkaOfTask(worker, 'consumer', raw, logger)
  let writing = borrowed(reading)
  const close = async (): Promise<void> => {
    await reading.close()
    await writing.close()
  }
  try {
    // Without dead letters nothing is written: settings of who would write have no effect, and the policy does not look at them.
    if (common[LETTERS] !== '') writing = await kafkaOfTask(worker, 'producer', raw, logger)
    return await assemble({ worker, connector, raw, task, logger, hooks, common, reading, writing, close })
  } catch (error) {
    await close()
    throw error
  }
}

interface Given {
  readonly worker: SinkWorkerParts
  readonly connector: SinkConnector
  readonly raw: RawSettings
  readonly task: number
  readonly logger: Logger
  readonly hooks: SinkHooks
  readonly common: SinkSettings
  readonly reading: TaskKafka
  readonly writing: TaskKafka
  close(): Promise<void>
}

async function assemble(given: Given): Promise<SinkHandle> {
  const { worker, connector, raw, task, logger, hooks, common, reading, writing } = given
  const { clock, random, metrics, plugins, settings } = worker
  const { control, events } = hooks
  const { kafka } = reading
  const consumer = { ...below('consumer.', worker.worker), ...below('consumer.override.', raw) }
  const { member, clientId, rackId, bufferBytesMax } = sinkConsumerOptions(consumer, common.name, task)
  const fetching = fetcherOptions(consumer)
  const limits = limitsOf(worker, raw)
  const tags = { connector: common.name, task: String(task) }
  const errorFigures = new ErrorFigures(tags, clock)
  const taskFigures = new TaskFigures(tags, clock, taskTexts(plugins, worker.worker, raw, connector))
  const lag = new SinkLag(clock)
  const figures = new SinkFigures(tags, clock, lag)
  const tolerance = makeTolerance(worker, common, logger, errorFigures)
  const letters = await lettersOf(given, limits)
  const deadLetters = letters?.naming(stageClasses(plugins, worker.worker, raw, common.transforms)) ?? null
  const chain = makeChain(plugins, common.transforms, raw)
  const converters = makeConverters(plugins, worker.worker, raw)

  const fetcher = kafka.fetcher({ ...fetching, clientId, bufferBytesMax, ...(rackId === undefined ? {} : { rackId }) })
  const dlqClientId = limits.clientId ?? `connector-dlq-producer-${common.name}-${task}`
  const producer = writing.kafka.producer({ ...limits.options, clientId: dlqClientId })
  const wakeUp = new WakeUp()
  const membership = new SinkMembership((own) => kafka.consumerMember({ ...member, topics: [], hooks: own }), wakeUp)
  const positions = new SinkPositions(beginningsOf(kafka, fetching.reset))
  const basics = { connector: common.name, task, logger, metrics, clock, random }
  const context = new SinkContext(basics, { fetcher, positions, tolerance, deadLetters, control, errorFigures })
  const own = connector.createTask(connector.settings.parse(raw), context)
  const decoder = new RecordDecoder(converters, valueScanner(own, converters.value, chain !== null))
  const shared = { task: own, context, positions, control, figures, taskFigures, lag, fetcher, wakeUp, logger, clock }
  const committer = new SinkCommitter({
    ...shared,
    group: membership,
    timeoutMs: settings['offset.flush.timeout.ms'],
  })
  const flush = new SinkFlush({ ...shared, committer, producer })
  const loop = new SinkLoop({
    ...shared,
    membership,
    events,
    committer,
    flush,
    topics: new SinkTopics({
      names: common.topics,
      pattern: common['topics.regex'] === '' ? null : javaRegex(common['topics.regex']).whole,
      except: common[LETTERS],
      describe: (names) => kafka.admin.describeTopics(names),
      logger,
      clock,
      ageMaxMs: member.metadataAgeMaxMs,
    }),
    assignment: new SinkAssignment({
      ...shared,
      group: membership,
      ends: (partitions) => kafka.admin.listOffsets(partitions, 'latest'),
      flush,
      committer,
    }),
    decode: new SinkDecode({
      ...shared,
      decoder,
      chain,
      tolerance,
      deadLetters,
      onRetry: () => {
        control.beat()
        membership.poll()
      },
    }),
    put: new SinkPut({
      ...shared,
      tolerance,
      hasDeadLetters: deadLetters !== null,
      putMaxMs: member.rebalanceTimeoutMs,
    }),
    commitIntervalMs: settings['offset.flush.interval.ms'],
  })
  const stages = stageFigures(plugins, raw, common.transforms, tags)
  return {
    progress: () => positions.progress(),
    lag: () => lag.read(),
    figures: () => [taskFigures.read(), figures.read(), ...figures.readLags(), errorFigures.read(), ...stages],
    run: async (signal) => {
      // Whatever a task that was left behind waits for ends here, and others get its partitions.
      const cancel = (): void => {
        void membership.leave()
        void fetcher.close()
        void producer.close(0)
        closeConverters(converters)
      }
      control.cancelled.addEventListener('abort', cancel, { once: true })
      try {
        await loop.run(signal)
      } finally {
        closeConverters(converters)
        await fetcher.close()
        await producer.close(control.isCancelled ? 0 : settings['offset.flush.timeout.ms'])
        await given.close()
      }
    },
  }
}

async function lettersOf(given: Given, limits: ProducerLimits): Promise<DeadLetters | null> {
  const { worker, raw, task, logger, common, writing } = given
  if (common[LETTERS] === '') return null
  const admin = await adminOfTask(worker, raw, writing, logger)
  try {
    return await openDeadLetters(worker, common, common['connector.class'], task, limits, admin.kafka)
  } finally {
    await admin.close()
  }
}

/** Where partitions begin that the group has not read yet, as `auto.offset.reset` says. */
function beginningsOf(kafka: Kafka, reset: TaskFetcherOptions['reset']): Beginnings {
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

/** By their class names, also where settings call them by less: what dead letters say of a record that failed there. */
function stageClasses(
  plugins: Plugins,
  worker: RawSettings,
  connector: RawSettings,
  aliases: readonly string[],
): StageClasses {
  const of = (part: Part): string =>
    plugins.converters.classOf(connector[`${part}.converter`] ?? worker[`${part}.converter`] ?? HEADER_CONVERTER)
  return {
    converters: { key: of('key'), value: of('value'), header: of('header') },
    transforms: new Map(
      aliases.map((alias) => [alias, plugins.transforms.classOf(connector[`transforms.${alias}.type`] ?? alias)]),
    ),
  }
}
