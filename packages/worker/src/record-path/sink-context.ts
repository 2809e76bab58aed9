import type { FetchedPartition, Fetcher, Producer, ProducerRecord } from '@sluice/kafka'
import type {
  Clock,
  Logger,
  Metrics,
  Random,
  SinkRecord,
  SinkTaskContext,
  TopicPartition,
  TopicPartitionOffset,
} from '@sluice/sdk'
import { fetchedOriginal, type DeadLetters, type FetchedOriginal } from './dead-letters.ts'
import type { SinkPositions } from './sink-positions.ts'
import { toleranceExceeded, type Tolerance } from './tolerance.ts'

type Basics = Pick<SinkTaskContext, 'connector' | 'task' | 'logger' | 'metrics' | 'clock' | 'random'>

/** A record that will not be written. Without a letter it is dropped. */
interface Report {
  readonly partition: TopicPartition
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
  readonly #assignment: readonly TopicPartition[]
  readonly #fetcher: Fetcher
  readonly #positions: SinkPositions
  readonly #tolerance: Tolerance
  readonly #deadLetters: DeadLetters | null
  #rewinds: TopicPartitionOffset[] = []
  #letters: ProducerRecord[] = []
  #commitRequested = false
  #fetched: readonly FetchedPartition[] = []
  /** Reports of the running `put`: they count only if that put succeeds, because a failed one is repeated whole. */
  #reports: Report[] = []

  constructor(
    basics: Basics,
    parts: {
      readonly assignment: readonly TopicPartition[]
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
    this.#assignment = parts.assignment
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
    this.#fetcher.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.resume(partitions)
  }

  report(record: SinkRecord, error: unknown): void {
    const partition = { topic: record.originalTopic, partition: record.originalPartition }
    const place = { ...partition, offset: record.originalOffset }
    const verdict = this.#tolerance.decide(error, 'put', place)
    const letter = this.#deadLetters?.ofSinkRecord(record, this.#originalOf(record), error) ?? null
    if (letter !== null || verdict === 'go-on') this.#reports.push({ partition, letter, reason: 'put' })
    if (verdict === 'stop') throw toleranceExceeded(error, 'put', place)
  }

  drop(record: SinkRecord, reason: string): void {
    const partition = { topic: record.originalTopic, partition: record.originalPartition }
    this.#reports.push({ partition, letter: null, reason })
  }

  /** What the next `put` is made of: a record reported during it has its original bytes there. */
  putting(fetched: readonly FetchedPartition[]): void {
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

  putDone(): void {
    for (const { partition, letter, reason } of this.#reports) {
      if (letter === null) this.#positions.dropped(partition, reason)
      else {
        this.#positions.quarantined(partition, reason)
        this.#letters.push(letter)
      }
    }
    this.#reports = []
  }

  putFailed(): void {
    this.#reports = []
  }

  #originalOf(record: SinkRecord): FetchedOriginal | null {
    const { originalTopic: topic, originalPartition: partition, originalOffset: offset } = record
    for (const at of this.#fetched) {
      if (at.topic !== topic || at.partition !== partition) continue
      for (const batch of at.batches)
        for (let i = 0; i < batch.count; i++) if (batch.offset(i) === offset) return fetchedOriginal(topic, partition, batch, i)
    }
    return null
  }

  /** Makes the dead letters so far durable; before the offsets behind them are committed. */
  async sendLetters(producer: Producer): Promise<void> {
    if (this.#letters.length === 0) return
    await producer.produce(this.#letters)
    this.#letters = []
  }
}
