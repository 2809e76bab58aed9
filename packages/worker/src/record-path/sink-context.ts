import type { FetchedPartition, FetchedRecords, Fetcher, Producer, ProducerRecord } from '@sluice/kafka'
import type {
  Clock,
  Logger,
  Metrics,
  Random,
  SinkRecord,
  SinkTaskContext,
  SluiceError,
  TopicPartition,
  TopicPartitionOffset,
} from '@sluice/sdk'
import { fetchedOriginal, type DeadLetters, type FetchedOriginal } from './dead-letters.ts'
import type { SinkPositions } from './sink-positions.ts'
import { toleranceExceeded, type Tolerance } from './tolerance.ts'

type Basics = Pick<SinkTaskContext, 'connector' | 'task' | 'logger' | 'metrics' | 'clock' | 'random'>

/** A record that will not be written. Without a letter it is dropped. */
interface Report {
  readonly at: TopicPartitionOffset
  readonly letter: ProducerRecord | null
  readonly reason: string
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
  #assignment: readonly TopicPartition[] = []
  /** Partitions that the task paused before they were fetched from; null once they are. */
  #pausedEarly: Map<string, TopicPartition> | null = new Map()
  #rewinds: TopicPartitionOffset[] = []
  #letters: ProducerRecord[] = []
  #commitRequested = false
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
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment
  }

  rewind(positions: readonly TopicPartitionOffset[]): void {
    this.#rewinds.push(...positions)
  }

  requestCommit(): void {
    this.#commitRequested = true
  }

  pause(partitions: readonly TopicPartition[]): void {
    if (this.#pausedEarly === null) return this.#fetcher.pause(partitions)
    for (const partition of partitions)
      this.#pausedEarly.set(JSON.stringify([partition.topic, partition.partition]), partition)
  }

  resume(partitions: readonly TopicPartition[]): void {
    if (this.#pausedEarly === null) return this.#fetcher.resume(partitions)
    for (const { topic, partition } of partitions) this.#pausedEarly.delete(JSON.stringify([topic, partition]))
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
    this.#reports.push({ at, letter, reason: 'put' })
  }

  drop(record: SinkRecord, reason: string): void {
    this.#reports.push({ at: originOf(record), letter: null, reason })
  }

  /** The partitions, before the task is opened. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#assignment = partitions
  }

  /** The fetcher has these partitions now. */
  fetching(): void {
    const paused = this.#pausedEarly
    this.#pausedEarly = null
    if (paused !== null && paused.size > 0) this.#fetcher.pause([...paused.values()])
  }

  /** What the next `put` is made of: a record reported during it has its original bytes there. */
  putting(fetched: readonly FetchedPartition[]): void {
    this.#accept()
    this.#fetched = fetched
  }

  takeRewinds(): readonly TopicPartitionOffset[] {
    const taken = this.#rewinds
    this.#rewinds = []
    return taken
  }

  takeCommitRequest(): boolean {
    const requested = this.#commitRequested
    this.#commitRequested = false
    return requested
  }

  addLetter(letter: ProducerRecord): void {
    this.#letters.push(letter)
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
    const letters = this.#letters
    await producer.produce(letters)
    this.#letters = this.#letters.slice(letters.length)
  }

  #accept(): void {
    for (const { at, letter, reason } of this.#reports) {
      const partition = this.#positions.of(at)
      if (letter === null) partition.dropped(at.offset, reason)
      else {
        partition.quarantined(at.offset, reason)
        this.#letters.push(letter)
      }
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
