/** A source loop with everything around it in memory. */
import { converters } from '@sluice/codecs'
import type { Admin, ProducerRecord } from '@sluice/kafka'
import {
  systemClock,
  systemRandom,
  type Clock,
  type SourcePartition,
  type SourcePosition,
  type SourceRecord,
  type SourceTask,
  type Transform,
} from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { MemoryMetrics } from '@sluice/sdk'
import type { PositionStore } from '../../src/positions/position-store.ts'
import { AtLeastOnce } from '../../src/record-path/at-least-once.ts'
import { BatchEncoder } from '../../src/record-path/batch-encoder.ts'
import { RecordEncoder, type Converters } from '../../src/record-path/convert.ts'
import { DeadLetters } from '../../src/record-path/dead-letters.ts'
import type { SourceDelivery } from '../../src/record-path/delivery.ts'
import { ErrorFigures } from '../../src/record-path/error-figures.ts'
import type { SettledPosition } from '../../src/record-path/in-flight.ts'
import { RateLimit, type Rates } from '../../src/record-path/rate-limit.ts'
import { SourceContext } from '../../src/record-path/source-context.ts'
import { SourceCounts } from '../../src/record-path/source-counts.ts'
import { SourceFigures } from '../../src/record-path/source-figures.ts'
import { SourceLoop } from '../../src/record-path/source-loop.ts'
import { TaskControl } from '../../src/record-path/task-control.ts'
import { TaskFigures } from '../../src/record-path/task-figures.ts'
import { Tolerance, type ToleranceSettings } from '../../src/record-path/tolerance.ts'
import { TopicCreation } from '../../src/record-path/topic-creation.ts'
import type { TransactionContext } from '@sluice/sdk'
import { TopicMaker } from '../../src/topic-maker.ts'
import { FakeProducer } from './fake-kafka.ts'

export const FILE: SourcePartition = Object.freeze({ file: 'a' })

/** A record whose position is `n`; `n` is its value, too, unless another is given. */
export function sourceRecord(n: number, rest: Partial<SourceRecord> = {}): SourceRecord {
  return {
    topic: 'out',
    partition: null,
    keySchema: null,
    key: null,
    valueSchema: null,
    value: String(n),
    timestamp: null,
    headers: null,
    sourcePartition: FILE,
    sourcePosition: { n },
    ...rest,
  }
}

/** Positions in memory; `failures` stores are refused first. */
export class FakePositions implements PositionStore {
  readonly stored = new Map<string, SourcePosition>()
  /** Every store, in order. */
  readonly stores: (readonly SettledPosition[])[] = []
  failures = 0

  async position(_connector: string, partition: SourcePartition): Promise<SourcePosition | null> {
    return this.stored.get(JSON.stringify(partition)) ?? null
  }

  async store(_connector: string, positions: readonly SettledPosition[]): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1
      throw new Error('the disk is full')
    }
    this.stores.push(positions)
    for (const { partition, position } of positions) this.stored.set(JSON.stringify(partition), position)
  }

  async close(): Promise<void> {}

  /** The number that the one partition of these tests stands at. */
  get at(): unknown {
    return this.stored.get(JSON.stringify(FILE))?.['n']
  }
}

export interface SourceRunOptions {
  readonly task: (context: SourceContext) => Partial<SourceTask> & Pick<SourceTask, 'poll'>
  readonly tolerance?: Partial<ToleranceSettings>
  readonly deadLetters?: boolean
  readonly chain?: Transform
  readonly converters?: Partial<Converters>
  readonly queueBytesMax?: number
  readonly recordBytesMax?: number
  readonly letterBytesMax?: number
  readonly flushIntervalMs?: number
  readonly flushTimeoutMs?: number
  readonly clock?: Clock
  readonly isPaused?: boolean
  readonly rates?: Rates
  /** Another way to Kafka than at least once through `producer`. */
  readonly deliver?: (
    run: SourceRun,
    shared: SharedParts,
    fail: (error: unknown) => void,
    signal: AbortSignal,
  ) => Promise<SourceDelivery>
  readonly transaction?: TransactionContext
  readonly positionTopic?: string
  /** Where positions are, if not in memory. */
  readonly positions?: PositionStore
}

/** What both ways to Kafka are made with. */
export type SharedParts = Omit<ConstructorParameters<typeof AtLeastOnce>[0], 'producer' | 'positions'>

export class SourceRun {
  readonly producer = new FakeProducer()
  readonly positions = new FakePositions()
  readonly control: TaskControl
  /** What was told of the task's states and topics, in order. */
  readonly told: string[] = []
  readonly figures: TaskFigures
  readonly errors: ErrorFigures
  readonly sourceFigures: SourceFigures
  readonly logger = new MemoryLogger()
  readonly metrics = new MemoryMetrics()
  readonly counts: SourceCounts
  readonly made: string[] = []
  readonly #stop = new AbortController()
  readonly #loop: SourceLoop

  constructor(options: SourceRunOptions) {
    const clock = options.clock ?? systemClock
    const { logger, metrics, producer } = this
    const positions = options.positions ?? this.positions
    const tags = { connector: 'c', task: '0' }
    this.control = new TaskControl(clock, options.isPaused)
    this.figures = new TaskFigures(tags, clock)
    this.errors = new ErrorFigures(tags, clock)
    this.sourceFigures = new SourceFigures(tags, clock)
    this.counts = new SourceCounts(metrics, 'c', 0, this.sourceFigures)
    const basics = { connector: 'c', task: 0, logger, metrics, clock, random: systemRandom }
    const transaction = options.transaction ?? null
    const context = new SourceContext({ ...basics, positions, counts: this.counts, transaction })
    const string = converters.find(({ name }) => name === 'string')!.create({}, 'value')
    const admin: Pick<Admin, 'ensureTopics' | 'describeTopics'> = {
      describeTopics: async () => [],
      ensureTopics: async (topics) => {
        const names = topics.map(({ topic }) => topic)
        this.made.push(...names)
        return names
      },
    }
    const own = options.task(context)
    const task: SourceTask = {
      start: async (signal) => own.start?.(signal),
      poll: (signal) => own.poll(signal),
      ...(own.delivered === undefined ? {} : { delivered: own.delivered }),
      settled: async (at) => own.settled?.(at),
      stop: async () => own.stop?.(),
    }
    const tolerance = toleranceOf(options.tolerance, logger, clock, this.errors)
    const shared: SharedParts = {
      connector: 'c',
      task,
      tolerance,
      counts: this.counts,
      figures: this.figures,
      errors: this.errors,
      control: this.control,
      events: {
        stateChanged: (state) => this.told.push(state),
        topicUsed: (topic) => this.told.push(`topic ${topic}`),
      },
      logger,
      clock,
      queueBytesMax: options.queueBytesMax ?? 1_000_000,
      flushIntervalMs: options.flushIntervalMs ?? 10,
      flushTimeoutMs: options.flushTimeoutMs ?? 200,
    }
    this.#loop = new SourceLoop({
      ...shared,
      task,
      context,
      batches: new BatchEncoder({
        chain: options.chain ?? null,
        encoder: new RecordEncoder({ key: string, value: string, header: string, ...options.converters }),
        tolerance,
        deadLetters: options.deadLetters === true ? lettersOf(clock) : null,
        clock,
        recordBytesMax: options.recordBytesMax ?? 100_000,
        letterBytesMax: options.letterBytesMax ?? 200_000,
      }),
      deliver: async (fail, signal) =>
        options.deliver?.(this, shared, fail, signal) ?? new AtLeastOnce({ ...shared, producer, positions }, fail),
      topicMaker: new TopicMaker({
        admin,
        producer: admin,
        creation: TopicCreation.of({}),
        positionTopic: options.positionTopic ?? null,
        logger,
      }),
      rates: new RateLimit(options.rates ?? { recordsPerSecond: null, bytesPerSecond: null }, clock),
    })
  }

  /** Begins to run; resolves when the loop has ended, with what it failed with, if it did. */
  run(): Promise<unknown> {
    return this.#loop.run(this.#stop.signal).then(
      () => undefined,
      (error: unknown) => error ?? 'rejected with nothing',
    )
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Everything durable, dead letters included. */
  get durable(): readonly ProducerRecord[] {
    return this.producer.durable
  }
}

/** A poll that hands out these batches one after the other, then nothing. */
export function batches(...lists: readonly (readonly SourceRecord[])[]): () => Promise<readonly SourceRecord[]> {
  const left = [...lists]
  return async () => left.shift() ?? []
}

export function toleranceOf(
  given: Partial<ToleranceSettings> = {},
  logger = new MemoryLogger(),
  clock: Clock = new FakeClock({ impatient: true }),
  figures: ErrorFigures | null = null,
): Tolerance {
  const settings: ToleranceSettings = {
    retryTimeoutMs: 0,
    retryDelayMaxMs: 60_000,
    tolerance: 'none',
    log: false,
    logPlace: false,
    ...given,
  }
  return new Tolerance(settings, logger, clock, { next: () => 0.5 }, figures)
}

export function lettersOf(clock: Clock = systemClock): DeadLetters {
  return new DeadLetters({
    topic: 'dead',
    connector: 'c',
    className: 'test',
    task: 0,
    contextHeaders: true,
    clock,
    random: systemRandom,
  })
}
