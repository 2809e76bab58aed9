import type { FetchedPartition, FetchedRecords, Fetcher, Producer, ProducerRecord } from '@sluice/kafka'
import {
  SluiceError,
  type Clock,
  type Logger,
  type Metrics,
  type Random,
  type SinkPosition,
  type SinkRecord,
  type SinkTaskContext,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import { fetchedOriginal, type DeadLetters, type FetchedOriginal } from './dead-letters.ts'
import type { ErrorFigures } from './error-figures.ts'
import { leftBehind } from './sink-committer.ts'
import type { SinkPartition } from './sink-partition.ts'
import { keyOf, type SinkPositions } from './sink-positions.ts'
import type { TaskControl } from './task-control.ts'
import { toleranceExceeded, type Tolerance } from './tolerance.ts'

type Basics = Pick<SinkTaskContext, 'connector' | 'task' | 'logger' | 'metrics' | 'clock' | 'random'>

/** A record that will not be written. Without a letter it is dropped. */
interface Report {
  readonly at: TopicPartitionOffset
  readonly letter: ProducerRecord | null
  readonly reason: string
  /** Not left out on purpose. */
  readonly isError: boolean
}

/** What a worker gives to a sink task; keeps what the task asks for until the loop takes it. */
export class SinkContext implements SinkTaskContext {
  readonly connector: string
  readonly task: number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
  readonly #fetcher: Fetcher
  readonly #positions: SinkPositions
  readonly #tolerance: Tolerance
  readonly #deadLetters: DeadLetters | null
  readonly #control: TaskControl
  readonly #errorFigures: ErrorFigures
  #assignment: readonly TopicPartition[] = []
  /** What the fetcher has of them. */
  #fetching: ReadonlySet<string> = new Set()
  /** What the sink paused. */
  readonly #paused = new Set<string>()
  /** The task is paused as a whole. */
  #isPaused = false
  #rewinds: SinkPosition[] = []
  #letters: ProducerRecord[] = []
  #commitRequested = false
  #timeoutMs: number | null = null
  #fetched: readonly FetchedPartition[] = []
  /** Reports of the running `put` or `flush`: they count only if it succeeds, because a failed one is repeated whole. */
  #reports: Report[] = []
  /** What a report was answered with when the task tolerates nothing. */
  #refusal: SluiceError | undefined

  constructor(
    basics: Basics,
    parts: {
      readonly fetcher: Fetcher
      readonly positions: SinkPositions
      readonly tolerance: Tolerance
      readonly deadLetters: DeadLetters | null
      readonly control: TaskControl
      readonly errorFigures: ErrorFigures
    },
  ) {
    this.connector = basics.connector
    this.task = basics.task
    this.logger = basics.logger
    this.metrics = basics.metrics
    this.clock = basics.clock
    this.random = basics.random
    this.#fetcher = parts.fetcher
    this.#positions = parts.positions
    this.#tolerance = parts.tolerance
    this.#deadLetters = parts.deadLetters
    this.#control = parts.control
    this.#errorFigures = parts.errorFigures
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment
  }

  position(partition: TopicPartition): SinkPosition | undefined {
    return this.#positions.has(partition) ? this.#positions.of(partition).place : undefined
  }

  rewind(positions: readonly SinkPosition[]): void {
    this.#rewinds.push(...positions)
  }

  requestCommit(): void {
    this.#commitRequested = true
  }

  timeout(ms: number): void {
    this.#timeoutMs = Math.max(0, ms)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#assertAssigned(partitions, 'pause')
    for (const partition of partitions) this.#paused.add(keyOf(partition))
    this.#applyPauses(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#assertAssigned(partitions, 'resume')
    for (const partition of partitions) this.#paused.delete(keyOf(partition))
    this.#applyPauses(partitions)
  }

  report(record: SinkRecord, error: unknown): void {
    const at = originOf(record)
    const place = { ...at }
    const verdict = this.#tolerance.decide(error, 'put', place)
    const letter = this.#deadLetters?.ofSinkRecord(record, this.#originalOf(at), error) ?? null
    if (verdict === 'stop') {
      // The letter goes out all the same. A task that goes on over this error fails when its call is done.
      if (letter !== null) this.#letters.push(letter)
      this.#refusal ??= toleranceExceeded(error, 'put', place)
      throw this.#refusal
    }
    this.#reports.push({ at, letter, reason: 'put', isError: true })
  }

  drop(record: SinkRecord, reason: string): void {
    this.#reports.push({ at: originOf(record), letter: null, reason, isError: false })
  }

  /**
   * A record of a batch that the sink refuses alone. @throws SluiceError when nobody tolerates it
   */
  quarantine(record: SinkRecord, error: unknown): void {
    this.report(record, error)
    this.#accept()
  }

  /** The partitions that the task has from now on; with those that are new it is opened next. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#assignment = partitions
  }

  /** The fetcher has the partitions now. What was paused of them stays so; of others it is forgotten. */
  fetching(): void {
    this.#fetching = new Set(this.#assignment.map(keyOf))
    for (const key of this.#paused) if (!this.#fetching.has(key)) this.#paused.delete(key)
    this.#applyPauses(this.#assignment)
  }

  /** The fetcher has some of the partitions no more. They may come back, and what is paused of them stays so then. */
  fetchingLess(): void {
    this.#fetching = new Set(this.#assignment.map(keyOf))
    this.#applyPauses(this.#assignment)
  }

  /** Nothing is fetched while the task is paused; what the sink paused itself stays so afterwards. */
  taskPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#applyPauses(this.#assignment)
  }

  /** What the next `put` is made of: a record reported during it has its original bytes there. */
  putting(fetched: readonly FetchedPartition[]): void {
    this.#accept()
    this.#fetched = fetched
  }

  takeRewinds(): readonly SinkPosition[] {
    const taken = this.#rewinds
    this.#rewinds = []
    return taken
  }

  takeCommitRequest(): boolean {
    const requested = this.#commitRequested
    this.#commitRequested = false
    return requested
  }

  /** When the sink wants to be put to again; null: it did not say. */
  takeTimeout(): number | null {
    const wanted = this.#timeoutMs
    this.#timeoutMs = null
    return wanted
  }

  /** The record of that offset failed before it came to the sink. One that comes again has its letter already. */
  addLetter(letter: ProducerRecord, at: SinkPartition, offset: number, reason: string): void {
    if (!at.hasLetter(offset)) this.#letters.push(letter)
    at.quarantined(offset, reason)
  }

  /** The task's call has succeeded: what it reported holds. @throws SluiceError when it reported what nobody tolerates */
  callDone(): void {
    if (this.#refusal !== undefined) throw this.#refusal
    this.#accept()
  }

  /** The task's call has failed: what it reported comes again. @returns what fails the task, whatever the call failed with */
  callFailed(): SluiceError | undefined {
    this.#reports = []
    return this.#refusal
  }

  /** Makes the dead letters so far durable; before the offsets behind them are committed. */
  async sendLetters(producer: Producer): Promise<void> {
    if (this.#letters.length === 0) return
    if (this.#control.isCancelled) throw leftBehind()
    const letters = this.#letters
    this.#errorFigures.lettersSent(letters.length)
    try {
      await producer.produce(letters)
    } catch (error) {
      this.#errorFigures.lettersFailed(letters.length)
      throw error
    }
    this.#letters = this.#letters.slice(letters.length)
  }

  #applyPauses(partitions: readonly TopicPartition[]): void {
    const there = partitions.filter((partition) => this.#fetching.has(keyOf(partition)))
    const isPaused = (partition: TopicPartition): boolean => this.#isPaused || this.#paused.has(keyOf(partition))
    this.#fetcher.pause(there.filter(isPaused))
    this.#fetcher.resume(there.filter((partition) => !isPaused(partition)))
  }

  #assertAssigned(partitions: readonly TopicPartition[], verb: string): void {
    const assigned = new Set(this.#assignment.map(keyOf))
    const foreign = partitions.find((partition) => !assigned.has(keyOf(partition)))
    if (foreign === undefined) return
    throw new SluiceError(
      'TASK_FAILED',
      `SinkTasks may not ${verb} partitions that are not currently assigned to them.`,
      { place: { topic: foreign.topic, partition: foreign.partition } },
    )
  }

  #accept(): void {
    for (const { at, letter, reason, isError } of this.#reports) {
      if (isError) this.#tolerance.skipped(1)
      // What comes after its partition was taken away is not counted here: whoever has it now counts it again.
      if (!this.#positions.has(at)) {
        if (letter !== null) this.#letters.push(letter)
        continue
      }
      const partition = this.#positions.of(at)
      if (letter === null) partition.dropped(at.offset, reason)
      else this.addLetter(letter, partition, at.offset, reason)
    }
    this.#reports = []
  }

  /** The record as it was fetched; null when that was for an earlier `put`. */
  #originalOf({ topic, partition, offset }: TopicPartitionOffset): FetchedOriginal | null {
    const from = this.#fetched.find((at) => at.topic === topic && at.partition === partition)
    const batch = from?.batches.find((candidate) => candidate.offset(candidate.count - 1) >= offset)
    if (batch === undefined) return null
    const i = indexOf(batch, offset)
    return batch.offset(i) === offset ? fetchedOriginal(topic, partition, batch, i) : null
  }
}

function originOf({ originalTopic, originalPartition, originalOffset }: SinkRecord): TopicPartitionOffset {
  return { topic: originalTopic, partition: originalPartition, offset: originalOffset }
}

/** The first record of the batch at or behind that offset; there is one. */
function indexOf(batch: FetchedRecords, offset: number): number {
  let low = 0
  let high = batch.count - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (batch.offset(middle) < offset) low = middle + 1
    else high = middle
  }
  return low
}
