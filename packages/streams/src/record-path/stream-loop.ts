/**
 * The conductor of a processor's record path: fetch → decode → process / judge → encode → produce → commit.
 *
 * A round is what one fetch brought of one partition. It is processed in one go (stream-task.ts) and handed to the producer; the next
 * round is processed while that one is on its way. Offsets are committed, with the count of what became of every record before them,
 * only behind rounds whose records are all durable (in-flight.ts).
 */
import { setImmediate as afterIo } from 'node:timers/promises'
import { encodeTally, type FetchedPartition, type Fetcher, type GroupOffsets, type Producer } from '@sluice/kafka'
import { describeError, isRetriable, type Clock, type Logger, type SluiceError, type TopicPartition } from '@sluice/sdk'
import type { StreamMetrics } from '../stream-metrics.ts'
import { InFlight, type Stand } from './in-flight.ts'
import type { OutputBatch } from './output-batch.ts'
import type { StreamTask, TaskPartition } from './stream-task.ts'

export interface LoopSettings {
  readonly commitIntervalMs: number
  /** Longest wait for records. */
  readonly pollTimeoutMs: number
  /** Most bytes of output that may be under way. */
  readonly inFlightBytesMax: number
  /** How long a stop may take until everything put out is durable. */
  readonly closeTimeoutMs: number
  /** How long commits may fail before the loop does. */
  readonly taskTimeoutMs: number
}

export interface LoopPorts {
  readonly fetcher: Fetcher
  readonly producer: Producer
  readonly offsets: GroupOffsets
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: StreamMetrics
}

/** Where a partition stands in the eyes of the loop. */
export interface PartitionStanding {
  readonly task: StreamTask
  readonly partition: TaskPartition
  /** Null: nothing was ever committed. */
  committed: number | null
  /** The end of the partition as last seen. */
  endOffset: number
}

export class StreamLoop {
  readonly #standings: readonly PartitionStanding[]
  readonly #output: OutputBatch
  readonly #settings: LoopSettings
  readonly #ports: LoopPorts
  readonly #inFlight = new InFlight()
  #committing: Promise<void> | null = null
  #commitFailure: { readonly error: unknown; readonly since: number } | null = null
  #lastCommitAt: number

  constructor(standings: readonly PartitionStanding[], output: OutputBatch, settings: LoopSettings, ports: LoopPorts) {
    this.#standings = standings
    this.#output = output
    this.#settings = settings
    this.#ports = ports
    this.#lastCommitAt = ports.clock.monotonic()
  }

  /**
   * Runs until the signal is aborted or `finished` says so (asked before each fetch), then drains and commits. Resolves to what
   * stopped it: null, or the error of the record that it stopped before (everything before that record is durable and committed).
   * Rejects with what failed on the way (after committing what is durable). `drained` is false when the stop took too long.
   */
  async run(
    signal: AbortSignal,
    finished: () => boolean,
  ): Promise<{ readonly stop: SluiceError | null; readonly drained: boolean }> {
    const { fetcher } = this.#ports
    fetcher.assign(
      this.#standings.map(({ partition: { topic, partition, position } }) => ({ topic, partition, offset: position })),
    )
    let stop: SluiceError | null = null
    try {
      while (stop === null && !signal.aborted && !finished()) {
        this.#throwFailures()
        await this.#inFlight.room(this.#settings.inFlightBytesMax, signal)
        for (const fetched of await fetcher.poll(this.#pollTimeout(), signal)) {
          stop = this.#round(fetched)
          if (stop !== null) break
          await this.#inFlight.room(this.#settings.inFlightBytesMax, signal)
          await afterIo()
          if (signal.aborted) break
        }
        this.#commitIfDue()
      }
      this.#throwFailures()
    } catch (error) {
      await this.#settle().catch((later: unknown) => {
        this.#ports.logger.warn('What is durable could not be committed; it will be processed again', {
          error: describeError(later),
        })
      })
      throw error
    }
    const drained = await this.#settle()
    this.#throwFailures()
    return { stop, drained }
  }

  #round(fetched: FetchedPartition): SluiceError | null {
    const { producer, metrics, clock } = this.#ports
    const standing = this.#standing(fetched)
    standing.endOffset = Math.max(standing.endOffset, fetched.highWatermark)
    const { task, partition } = standing
    const startedAt = clock.monotonic()
    const stop = task.process(fetched)
    const { length, bytes } = this.#output
    const records = this.#output.take()
    const tally = partition.tally.snapshot()
    metrics.round(task, partition, tally, { records: length, bytes, processMs: clock.monotonic() - startedAt })
    const done = length === 0 ? Promise.resolve() : producer.produce(records)
    this.#inFlight.submit(done, bytes, { partition, offset: partition.position, tally })
    return stop
  }

  #throwFailures(): void {
    if (this.#inFlight.failure !== null) throw this.#inFlight.failure.error
    const failed = this.#commitFailure
    if (failed === null) return
    const waited = this.#ports.clock.monotonic() - failed.since
    if (!isRetriable(failed.error) || waited > this.#settings.taskTimeoutMs) throw failed.error
  }

  #pollTimeout(): number {
    if (this.#committing !== null) return this.#settings.pollTimeoutMs
    const untilCommit = this.#lastCommitAt + this.#settings.commitIntervalMs - this.#ports.clock.monotonic()
    return Math.max(0, Math.min(this.#settings.pollTimeoutMs, untilCommit))
  }

  #commitIfDue(): void {
    const now = this.#ports.clock.monotonic()
    if (this.#committing !== null || now - this.#lastCommitAt < this.#settings.commitIntervalMs) return
    this.#lastCommitAt = now
    this.#committing = this.#commit()
      .catch((error: unknown) => {
        this.#commitFailure ??= { error, since: now }
        this.#ports.logger.warn('A commit failed; it is tried again at the next one', { error: describeError(error) })
      })
      .finally(() => {
        this.#committing = null
      })
  }

  async #commit(): Promise<void> {
    const stands = this.#inFlight.takeCommittable()
    if (stands.length === 0) return
    try {
      await this.#ports.offsets.commit(stands.map(committedOffset))
    } catch (error) {
      this.#inFlight.putBack(stands)
      throw error
    }
    for (const { partition, offset } of stands) this.#standing(partition).committed = offset
    this.#commitFailure = null
    this.#ports.metrics.committed()
  }

  /** Waits for what is under way and commits what is durable. False: the time was up before all was durable. */
  async #settle(): Promise<boolean> {
    const drained = await this.#inFlight.drained(AbortSignal.timeout(this.#settings.closeTimeoutMs))
    await this.#committing
    await this.#commit()
    return drained
  }

  #standing({ topic, partition }: TopicPartition): PartitionStanding {
    return this.#standings.find((one) => one.partition.topic === topic && one.partition.partition === partition)!
  }
}

function committedOffset({ partition: { topic, partition }, offset, tally }: Stand): {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata: string
} {
  return { topic, partition, offset, metadata: encodeTally(tally) }
}
