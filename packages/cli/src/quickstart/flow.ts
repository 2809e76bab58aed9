/**
 * Runs source, processor and sink until all that the file holds has arrived, then stops them with everything stored. The processor runs
 * in this process; source and sink run on a distributed worker, which starts a process of its own for each.
 */
import { connect, type Kafka } from '@sluice/kafka'
import { describeError, type Logger, type MemoryMetrics, systemClock } from '@sluice/sdk'
import type { Scorecard } from '@sluice/quality'
import { KafkaStreams, StreamsBuilder, streamsSettings, type Processor } from '@sluice/streams'
import { LogLevels } from '@sluice/worker'
import { Connectors } from './connectors.ts'
import { removeLeftMembers } from './left-members.ts'
import { PARTITIONS, type QuickstartPlan } from './plan.ts'
import type { StageProgress } from './progress.ts'
import { startWorker } from './start-worker.ts'
import { interrupted, LOOK_MS, watch, type FilePosition } from './watch.ts'

/** A record of the largest size that may be produced, and the headers that say why it is in quarantine. */
const QUARANTINED_BYTES_MAX = String(1_048_576 + 131_072)

export interface FlowPorts {
  readonly plan: QuickstartPlan
  readonly broker: string
  readonly processor: Processor
  readonly logger: Logger
  /** Levels of that logger, which the worker lets be changed; its own without them. */
  readonly logLevels?: LogLevels
  readonly metrics: MemoryMetrics
  readonly show: (stages: readonly StageProgress[], final: boolean) => void
  /** Told where the worker answers. */
  readonly onWorker?: (url: string) => void
  /** Told in the end what each rule found in this run. */
  readonly onRules?: (rules: readonly Scorecard[]) => void
  readonly signal: AbortSignal
}

/**
 * @returns where the source stands in the end; null for a file in which it found nothing to store a position for
 * @throws SluiceError INTERRUPTED when the signal was aborted; what any stage failed with
 */
export async function runFlow(ports: FlowPorts): Promise<FilePosition | null> {
  const { plan, broker, logger } = ports
  const kafka = await connect({ bootstrapServers: [broker], clientId: 'quickstart', logger })
  /** Aborted with what the worker or the processor failed with, each of which works on its own. */
  const failed = new AbortController()
  const over = AbortSignal.any([ports.signal, failed.signal])
  try {
    await prepare(kafka, plan)
    const processor = startProcessor(kafka, ports, failed)
    try {
      const worker = await startWorker({
        settings: plan.worker,
        broker,
        logger,
        logLevels: ports.logLevels ?? new LogLevels(),
        metrics: ports.metrics,
        onFatal: (error) => failed.abort(error),
      })
      ports.onWorker?.(worker.url)
      try {
        const position = await operate(kafka, worker.url, processor.streams, ports, over)
        ports.onRules?.(processor.streams.scorecards())
        return position
      } finally {
        await worker.stop()
      }
    } finally {
      await processor.stop()
    }
  } catch (error) {
    if (!over.aborted) throw error
    // Whatever was under way then has failed because of it.
    logger.info('The run has ended early', { reason: describeError(error) })
    throw ports.signal.aborted ? interrupted() : failed.signal.reason
  } finally {
    await kafka.close()
  }
}

/** Makes the topics, and lets nobody wait for members of a run that was killed. */
async function prepare(kafka: Kafka, plan: QuickstartPlan): Promise<void> {
  const { raw, clean, quarantine } = plan.topics
  await kafka.admin.ensureTopics([
    { topic: raw, partitions: PARTITIONS },
    { topic: clean, partitions: PARTITIONS },
    { topic: quarantine, partitions: PARTITIONS, configs: { 'max.message.bytes': QUARANTINED_BYTES_MAX } },
  ])
  await removeLeftMembers(kafka, [plan.worker['group.id']!, `connect-${plan.sink['name']!}`])
}

interface RunningProcessor {
  readonly streams: KafkaStreams
  /** With its offsets committed. @throws what it failed with */
  stop(): Promise<void>
}

function startProcessor(
  kafka: Kafka,
  { plan, processor, logger, metrics }: FlowPorts,
  failed: AbortController,
): RunningProcessor {
  const builder = new StreamsBuilder()
  processor.topology(builder, processor.settings.parse(plan.processor.settings))
  const settings = streamsSettings.parse({
    'application.id': plan.processor.application,
    'quarantine.topic': plan.topics.quarantine,
    'commit.interval.ms': '500',
    // Killed and started again, it goes on at once instead of waiting until the one before is given up.
    'group.instance.id': plan.processor.application,
  })
  const streams = new KafkaStreams(builder.build(), settings, { kafka, logger, metrics })
  const stopping = new AbortController()
  const ended = streams.run({ signal: stopping.signal }).catch((error: unknown) => failed.abort(error))
  return {
    streams,
    stop: async () => {
      stopping.abort()
      await ended
      failed.signal.throwIfAborted()
    },
  }
}

/** What an operator would do: have the connectors made, then look until everything has arrived. */
async function operate(
  kafka: Kafka,
  url: string,
  processor: KafkaStreams,
  { plan, show }: FlowPorts,
  signal: AbortSignal,
): Promise<FilePosition | null> {
  const connectors = new Connectors(url, signal)
  // A sink that goes by the settings of an earlier run would not see what is new in the records.
  await connectors.put(plan.sink)
  while (!(await connectors.areRunning([plan.sink['name']!]))) {
    await systemClock.sleep(LOOK_MS, signal)
    signal.throwIfAborted()
  }
  await connectors.put(plan.source)
  return watch({ plan, kafka, connectors, processor, show, signal })
}
