/** Runs source, processor and sink in this process until all that the file holds has arrived, then stops them with everything stored. */
import fs from 'node:fs'
import { connect, type Kafka } from '@sluice/kafka'
import { SluiceError, systemClock, type Logger, type Metrics, type RawSettings } from '@sluice/sdk'
import type { Scorecard } from '@sluice/quality'
import { KafkaStreams, StreamsBuilder, streamsSettings, type Processor } from '@sluice/streams'
import { StandaloneWorker, type SinkPartitionProgress, type SourceProgress } from '@sluice/worker'
import { bundledPlugins } from '../bundled.ts'
import { PARTITIONS, type QuickstartPlan } from './plan.ts'
import type { StageProgress } from './progress.ts'

const LOOK_MS = 50

/** A record of the largest size that may be produced, and the headers that say why it is in quarantine. */
const QUARANTINED_BYTES_MAX = String(1_048_576 + 131_072)

export interface FlowPorts {
  readonly plan: QuickstartPlan
  readonly broker: string
  readonly processor: Processor
  readonly logger: Logger
  readonly metrics: Metrics
  readonly show: (stages: readonly StageProgress[], final: boolean) => void
  /** Told in the end what each rule found in this run. */
  readonly onRules?: (rules: readonly Scorecard[]) => void
  readonly signal: AbortSignal
}

/** Where the file source stands, as its position says. */
export interface FilePosition {
  readonly position: number
  readonly line: number
  readonly records: number
  readonly diverted: number
  readonly skipped: number
}

/**
 * @returns where the source stands in the end; null for a file in which it found nothing to store a position for
 * @throws SluiceError INTERRUPTED when the signal was aborted; what any stage failed with
 */
export async function runFlow(ports: FlowPorts): Promise<FilePosition | null> {
  const { plan, broker, logger, metrics } = ports
  const kafka = await connect({ bootstrapServers: [broker], clientId: 'quickstart', logger })
  try {
    const { raw, clean, quarantine } = plan.topics
    await kafka.admin.ensureTopics([
      { topic: raw, partitions: PARTITIONS },
      { topic: clean, partitions: PARTITIONS },
      { topic: quarantine, partitions: PARTITIONS, configs: { 'max.message.bytes': QUARANTINED_BYTES_MAX } },
    ])
    const worker = await startWorker(plan, broker, logger, metrics)
    try {
      const stop = new AbortController()
      const processor = startProcessor(kafka, ports, stop.signal)
      try {
        await watch(kafka, worker, processor, ports)
        ports.onRules?.(processor.streams.scorecards())
      } finally {
        stop.abort()
        await processor.ended
      }
    } finally {
      await worker.stop()
    }
    if (ports.signal.aborted) throw interrupted()
    return filePosition(worker, plan)
  } finally {
    await kafka.close()
  }
}

async function startWorker(
  plan: QuickstartPlan,
  broker: string,
  logger: Logger,
  metrics: Metrics,
): Promise<StandaloneWorker> {
  const settings: RawSettings = { ...plan.worker, 'bootstrap.servers': broker }
  const plugins = await bundledPlugins(settings)
  return StandaloneWorker.start({ worker: settings, connectors: [plan.source, plan.sink], plugins, logger, metrics })
}

interface RunningProcessor {
  readonly streams: KafkaStreams
  readonly ended: Promise<void>
  failure(): unknown
}

function startProcessor(
  kafka: Kafka,
  { plan, processor, logger, metrics }: FlowPorts,
  signal: AbortSignal,
): RunningProcessor {
  const builder = new StreamsBuilder()
  processor.topology(builder, processor.settings.parse(plan.processor.settings))
  const settings = streamsSettings.parse({
    'application.id': plan.processor.application,
    'quarantine.topic': plan.topics.quarantine,
    'commit.interval.ms': '500',
  })
  const streams = new KafkaStreams(builder.build(), settings, { kafka, logger, metrics })
  let failure: unknown
  const ended = streams.run({ signal }).then(
    () => undefined,
    (error: unknown) => {
      failure = error
    },
  )
  return { streams, ended, failure: () => failure }
}

/** Looks at all three stages until each has caught up with the one before it. */
async function watch(
  kafka: Kafka,
  worker: StandaloneWorker,
  processor: RunningProcessor,
  ports: FlowPorts,
): Promise<void> {
  const { plan, show, signal } = ports
  // A file that is not there is told of by the source, with what to do about it.
  const size = fs.statSync(plan.file, { throwIfNoEntry: false })?.size
  for (;;) {
    if (signal.aborted) throw interrupted()
    throwFailures(worker, processor)
    const position = filePosition(worker, plan)
    const read =
      size !== undefined &&
      (size === 0 || (position !== null && position.position >= size) || hasNothing(worker, ports, size))
    const raw = read ? await ends(kafka, plan.topics.raw) : null
    const processed = processor.streams.progress()
    const judged =
      raw !== null &&
      processed.length > 0 &&
      processed.every(({ partition, committed }) => (committed ?? 0) >= raw[partition]!)
    const clean = judged ? await ends(kafka, plan.topics.clean) : null
    const put = worker.progress(plan.sink['name']!)[0] as readonly SinkPartitionProgress[]
    const landed =
      clean !== null && put.length > 0 && put.every(({ partition, position: at }) => at >= clean[partition]!)
    const stages: StageProgress[] = [
      {
        stage: 'source',
        what: 'lines read',
        done: position?.line ?? 0,
        total: read ? (position?.line ?? 0) : null,
        complete: read,
      },
      {
        stage: 'processor',
        what: 'records judged',
        done: sum(processed.map(({ tally }) => tally.in)),
        total: raw && sum(raw),
        complete: judged,
      },
      {
        stage: 'lake sink',
        what: 'rows put',
        done: sum(put.map(({ tally }) => tally.passed)),
        total: clean && sum(clean),
        complete: landed,
      },
    ]
    show(stages, landed)
    if (landed) return
    await systemClock.sleep(LOOK_MS, signal)
  }
}

/** Whether the source stands at the end of a file in which it found nothing, not even something to store a position for. */
function hasNothing(worker: StandaloneWorker, { plan, metrics }: FlowPorts, size: number): boolean {
  const connector = plan.source['name']!
  const { polled } = worker.progress(connector)[0] as SourceProgress
  const gauge = (what: string): number =>
    metrics.gauge(`sluice_file_source_${what}_bytes`, { connector, task: '0' }).value
  return polled === 0 && gauge('position') === size && gauge('size') === size
}

function throwFailures(worker: StandaloneWorker, processor: RunningProcessor): void {
  const failure = processor.failure()
  if (failure !== undefined) throw failure
  for (const { name, tasks } of worker.status()) {
    for (const { state, task, trace } of tasks) {
      if (state === 'FAILED')
        throw new SluiceError('TASK_FAILED', `The connector ${name} failed: ${trace ?? ''}`, { place: { task } })
    }
  }
}

/** The end offset of each partition, by its number. */
async function ends(kafka: Kafka, topic: string): Promise<readonly number[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  const found = await kafka.admin.listOffsets(partitions, 'latest')
  return found.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset)
}

function filePosition(worker: StandaloneWorker, plan: QuickstartPlan): FilePosition | null {
  const progress = worker.progress(plan.source['name']!)[0] as SourceProgress
  for (const position of progress.stored.values()) return position as unknown as FilePosition
  return null
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

function interrupted(): SluiceError {
  return new SluiceError('INTERRUPTED', 'Interrupted; what is committed is safe, and the next run goes on from there')
}
