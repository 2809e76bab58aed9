/** A sink loop with everything around it in memory. */
import { converters } from '@sluice/codecs'
import { decodeTally, encodeTally, type CommittedOffset, type Tally } from '@sluice/kafka'
import {
  DataError,
  MemoryMetrics,
  systemClock,
  systemRandom,
  type Clock,
  type Converter,
  type SinkRecord,
  type SinkTask,
  type TopicPartition,
  type TopicPartitionOffset,
  type Transform,
} from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { RecordDecoder, type Converters } from '../../src/record-path/convert.ts'
import { valueScanner } from '../../src/record-path/scanned-value.ts'
import { ErrorFigures } from '../../src/record-path/error-figures.ts'
import { SinkAssignment } from '../../src/record-path/sink-assignment.ts'
import { SinkCommitter } from '../../src/record-path/sink-committer.ts'
import { SinkContext } from '../../src/record-path/sink-context.ts'
import { SinkDecode } from '../../src/record-path/sink-decode.ts'
import { SinkFigures } from '../../src/record-path/sink-figures.ts'
import { SinkFlush } from '../../src/record-path/sink-flush.ts'
import { SinkLag } from '../../src/record-path/sink-lag.ts'
import { SinkLoop } from '../../src/record-path/sink-loop.ts'
import { SinkMembership } from '../../src/record-path/sink-membership.ts'
import { SinkPositions } from '../../src/record-path/sink-positions.ts'
import { SinkPut } from '../../src/record-path/sink-put.ts'
import { SinkTopics } from '../../src/record-path/sink-topics.ts'
import { TaskControl } from '../../src/record-path/task-control.ts'
import { TaskFigures } from '../../src/record-path/task-figures.ts'
import type { ToleranceSettings } from '../../src/record-path/tolerance.ts'
import { WakeUp } from '../../src/record-path/wake-up.ts'
import { FakeGroup } from './fake-group.ts'
import { FakeFetcher, FakeOffsets, FakeProducer, keyOf, logOf, text } from './fake-kafka.ts'
import { lettersOf, toleranceOf } from './source-run.ts'

export const P0: TopicPartition = Object.freeze({ topic: 't', partition: 0 })

/** A sink that holds everything as soon as it is put. */
export class HoldingSink implements SinkTask {
  /** Values in the order in which they came, once per put. */
  readonly values: unknown[] = []
  readonly puts: number[] = []
  readonly calls: string[] = []
  closing: boolean | undefined

  async start(): Promise<void> {
    this.calls.push('start')
  }

  async open(_partitions: readonly TopicPartition[]): Promise<void> {
    this.calls.push('open')
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    this.puts.push(records.length)
    this.values.push(...records.map(({ value }) => value))
  }

  async flush(positions: readonly TopicPartitionOffset[], closing: boolean): Promise<readonly TopicPartitionOffset[]> {
    this.calls.push('flush')
    this.closing = closing
    return positions
  }

  async close(): Promise<void> {
    this.calls.push('close')
  }

  async stop(): Promise<void> {
    this.calls.push('stop')
  }
}

export interface SinkRunOptions {
  /** What is in the partition, from offset 0. */
  readonly log: readonly string[]
  readonly task?: (context: SinkContext) => SinkTask
  readonly committed?: readonly CommittedOffset[]
  readonly tolerance?: Partial<ToleranceSettings>
  readonly deadLetters?: boolean
  readonly chain?: Transform
  readonly converters?: Partial<Converters>
  readonly batch?: number
  readonly commitIntervalMs?: number
  readonly commitTimeoutMs?: number
  readonly putMaxMs?: number
  /** What the group gives at first; each holds the log. Default: one. */
  readonly partitions?: readonly TopicPartition[]
  readonly isPaused?: boolean
  readonly clock?: Clock
}

export class SinkRun {
  readonly fetcher = new FakeFetcher()
  readonly producer = new FakeProducer()
  readonly offsets: FakeOffsets
  readonly group: FakeGroup
  readonly positions = new SinkPositions(async (partitions) => partitions.map((at) => ({ ...at, offset: 0 })))
  readonly logger = new MemoryLogger()
  readonly control: TaskControl
  /** States and topics, in the order in which they were told. */
  readonly told: string[] = []
  readonly task: SinkTask
  readonly lag: SinkLag
  readonly figures: SinkFigures
  readonly taskFigures: TaskFigures
  readonly errorFigures: ErrorFigures
  readonly #stop = new AbortController()
  readonly #loop: SinkLoop

  constructor(options: SinkRunOptions) {
    const clock = options.clock ?? systemClock
    const { fetcher, producer, positions, logger } = this
    const partitions = options.partitions ?? [P0]
    for (const at of partitions) fetcher.logs.set(keyOf(at), logOf(...options.log))
    fetcher.batch = options.batch ?? 10
    this.offsets = new FakeOffsets(options.committed)
    this.control = new TaskControl(clock, options.isPaused)
    const tags = { connector: 'c', task: '0' }
    this.errorFigures = new ErrorFigures(tags, clock)
    this.taskFigures = new TaskFigures(tags, clock)
    this.lag = new SinkLag(clock)
    this.figures = new SinkFigures(tags, clock, this.lag)
    const tolerance = toleranceOf(options.tolerance, logger, clock, this.errorFigures)
    const deadLetters = options.deadLetters === true ? lettersOf(clock) : null
    const basics = { connector: 'c', task: 0, logger, metrics: new MemoryMetrics(), clock, random: systemRandom }
    const { control, errorFigures } = this
    const context = new SinkContext(basics, { fetcher, positions, tolerance, deadLetters, control, errorFigures })
    this.task = options.task?.(context) ?? new HoldingSink()
    const chain = options.chain ?? null
    const string = converters.find(({ name }) => name === 'string')!.create({}, 'value')
    const all = { key: string, value: string, header: string, ...options.converters }
    const wakeUp = new WakeUp()
    let made: FakeGroup | undefined
    const membership = new SinkMembership((hooks) => {
      return (made = new FakeGroup(this.offsets, partitions, hooks))
    }, wakeUp)
    this.group = made!
    const shared = {
      task: this.task,
      context,
      positions,
      control,
      figures: this.figures,
      taskFigures: this.taskFigures,
      lag: this.lag,
      fetcher,
      wakeUp,
      logger,
      clock,
    }
    const committer = new SinkCommitter({ ...shared, group: membership, timeoutMs: options.commitTimeoutMs ?? 5000 })
    const flush = new SinkFlush({ ...shared, committer, producer })
    this.#loop = new SinkLoop({
      ...shared,
      membership,
      committer,
      flush,
      topics: new SinkTopics({
        names: ['t'],
        pattern: null,
        except: '',
        describe: async () => [{ topic: 't', partitions: partitions.length }],
        logger,
        clock,
        ageMaxMs: 1000,
      }),
      assignment: new SinkAssignment({
        ...shared,
        group: membership,
        ends: async (wanted) => wanted.map((at) => ({ ...at, offset: fetcher.logs.get(keyOf(at))?.length ?? 0 })),
        flush,
        committer,
      }),
      decode: new SinkDecode({
        ...shared,
        decoder: new RecordDecoder(all, valueScanner(this.task, all.value, chain !== null)),
        chain,
        tolerance,
        deadLetters,
        onRetry: () => membership.poll(),
      }),
      put: new SinkPut({
        ...shared,
        tolerance,
        hasDeadLetters: deadLetters !== null,
        putMaxMs: options.putMaxMs ?? 300_000,
      }),
      events: {
        stateChanged: (state) => this.told.push(state),
        topicUsed: (topic) => this.told.push(topic),
      },
      commitIntervalMs: options.commitIntervalMs ?? 5,
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

  /** The offset committed last, and the counts that went with it. */
  get committed(): { readonly offset: number; readonly tally: Tally } | undefined {
    const last = this.offsets.commits.at(-1)
    return last === undefined ? undefined : { offset: last.offset, tally: decodeTally(last.metadata) }
  }
}

/** What is in the partition of most tests: 25 records whose values are their offsets. */
export const LOG: readonly string[] = Array.from({ length: 25 }, (_, n) => String(n))

/** A sink whose `put` may do something of its own first. */
export class ActingSink extends HoldingSink {
  readonly #act: (records: readonly SinkRecord[]) => void | Promise<void>

  constructor(act: (records: readonly SinkRecord[]) => void | Promise<void>) {
    super()
    this.#act = act
  }

  override async put(records: readonly SinkRecord[]): Promise<void> {
    await this.#act(records)
    await super.put(records)
  }
}

/** A converter that refuses to decode these values. */
export function refusing(...values: string[]): Converter {
  return {
    encoder: () => () => null,
    decode: (_, value) => {
      if (values.includes(text(value))) throw new DataError(`${text(value)} is odd`)
      return { schema: null, value: text(value) }
    },
  }
}

/** An offset of the partition, committed with the counts up to there. */
export function committedAt(offset: number, rest: object = {}): CommittedOffset {
  return {
    ...P0,
    offset,
    metadata: encodeTally({ in: offset, passed: offset, marked: 0, quarantined: {}, dropped: {}, ...rest }),
  }
}
