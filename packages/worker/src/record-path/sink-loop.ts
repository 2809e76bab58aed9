import type { FetchedPartition, FetchedRecords, Fetcher, GroupOffsets, Producer } from '@sluice/kafka'
import {
  describeError,
  isRetriable,
  SluiceError,
  type Clock,
  type Logger,
  type SinkRecord,
  type SinkTask,
  type Stage,
  type TopicPartition,
  type Transform,
} from '@sluice/sdk'
import { ConversionFailure, type Part, type RecordDecoder } from './convert.ts'
import { fetchedOriginal, type DeadLetters } from './dead-letters.ts'
import type { SinkContext } from './sink-context.ts'
import type { SinkPositions } from './sink-positions.ts'
import { toleranceExceeded, type Tolerance } from './tolerance.ts'

/** What a sink task's loop is made of. */
export interface SinkLoopParts {
  readonly task: SinkTask
  readonly context: SinkContext
  readonly partitions: readonly TopicPartition[]
  readonly fetcher: Fetcher
  readonly offsets: GroupOffsets
  readonly positions: SinkPositions
  readonly decoder: RecordDecoder
  /** Null: no transforms. */
  readonly chain: Transform | null
  readonly tolerance: Tolerance
  /** Null: no dead letter topic. */
  readonly deadLetters: DeadLetters | null
  /** For dead letters only. */
  readonly producer: Producer
  readonly logger: Logger
  readonly clock: Clock
  readonly commitIntervalMs: number
  readonly flushTimeoutMs: number
}

const POLL_MAX_MS = 500
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 10_000

/**
 * The way of a record from its topic to a sink:
 *
 *   fetch → decode → transform → put → flush → commit
 *
 * One turn of the loop handles what one fetch brought. `put` is called on every turn, also with nothing, because sinks keep time by
 * it. Offsets are committed with the tally behind them, and only as far as the sink's `flush` says is safe (invariants 1 and 2).
 */
export class SinkLoop {
  readonly #parts: SinkLoopParts
  #commitDueAt = 0

  constructor(parts: SinkLoopParts) {
    this.#parts = parts
  }

  /** Runs until the signal is aborted; then flushes, commits and closes. Rejects with what made the task fail. */
  async run(signal: AbortSignal): Promise<void> {
    const { task, partitions, logger } = this.#parts
    let opened = false
    try {
      await task.start(signal)
      await this.#open()
      opened = true
      await this.#move(signal)
      await this.#commit(true)
    } finally {
      if (opened) await quietly(logger, 'close', () => task.close(partitions))
      await quietly(logger, 'stop', () => task.stop())
    }
  }

  async #open(): Promise<void> {
    const { task, context, partitions, fetcher, offsets, positions, clock, commitIntervalMs } = this.#parts
    await positions.start(partitions, await offsets.committed(partitions))
    await task.open(partitions)
    positions.rewind(context.takeRewinds())
    fetcher.assign(positions.current())
    this.#commitDueAt = clock.monotonic() + commitIntervalMs
  }

  async #move(signal: AbortSignal): Promise<void> {
    const { fetcher, context, positions, clock } = this.#parts
    while (!signal.aborted) {
      const wait = Math.max(0, Math.min(POLL_MAX_MS, this.#commitDueAt - clock.monotonic()))
      const fetched = await fetcher.poll(wait, signal)
      const records = await this.#decode(fetched, signal)
      context.putting(fetched)
      if (!(await this.#put(records, signal))) return
      positions.reached(fetched)
      for (const rewind of positions.rewind(context.takeRewinds())) fetcher.seek(rewind)
      if (context.takeCommitRequest() || clock.monotonic() >= this.#commitDueAt) await this.#commit(false)
    }
  }

  /** Decodes and transforms all that was fetched; what fails is judged record by record. */
  async #decode(fetched: readonly FetchedPartition[], signal: AbortSignal): Promise<SinkRecord[]> {
    const out: SinkRecord[] = []
    for (const { topic, partition, batches } of fetched) {
      const tally = this.#parts.positions.tally({ topic, partition })
      for (const batch of batches) {
        tally.in += batch.count
        let next = 0
        let attempt = 0
        let since = 0
        while (next < batch.count) {
          const failed = this.#decodeRun(topic, partition, batch, next, out)
          if (failed === undefined) break
          if (failed.at !== next || attempt === 0) {
            attempt = 0
            since = this.#parts.clock.monotonic()
          }
          next = failed.at
          if (await this.#parts.tolerance.mayRetry(failed.error, since, attempt, signal)) {
            attempt += 1
            continue
          }
          this.#judge(topic, partition, batch, failed)
          next += 1
          attempt = 0
        }
      }
    }
    return out
  }

  /** The hot path: records of one batch from `from` on, until its end or the first failure. Synchronous. */
  #decodeRun(
    topic: string,
    partition: number,
    batch: FetchedRecords,
    from: number,
    out: SinkRecord[],
  ): FailedFetch | undefined {
    const { decoder, chain, positions } = this.#parts
    let i = from
    let stage: Stage = 'decode'
    try {
      for (; i < batch.count; i++) {
        stage = 'decode'
        const record = decoder.decode(topic, partition, batch, i)
        stage = 'transform'
        const changed = chain === null ? record : chain(record)
        if (changed === null) positions.dropped({ topic, partition }, 'transform')
        else out.push(changed)
      }
      return undefined
    } catch (error) {
      if (error instanceof ConversionFailure) return { at: i, stage, part: error.part, error: error.error }
      return { at: i, stage, part: 'value', error }
    }
  }

  /** One failed record: a dead letter, a counted drop, or the error that stops the task. */
  #judge(topic: string, partition: number, batch: FetchedRecords, failed: FailedFetch): void {
    const { tolerance, deadLetters, context, positions } = this.#parts
    const offset = batch.offset(failed.at)
    const place = { topic, partition, offset }
    const verdict = tolerance.decide(failed.error, failed.stage, place)
    if (deadLetters !== null) {
      const { stage, part, error, at } = failed
      context.addLetter(deadLetters.ofFetched(fetchedOriginal(topic, partition, batch, at), stage, part, error))
      positions.quarantined({ topic, partition }, failed.stage)
    } else if (verdict === 'go-on') positions.dropped({ topic, partition }, failed.stage)
    if (verdict === 'stop') throw toleranceExceeded(failed.error, failed.stage, place)
  }

  /** False when the signal was aborted before the sink took the records. */
  async #put(records: readonly SinkRecord[], signal: AbortSignal): Promise<boolean> {
    const { task, clock, logger, context } = this.#parts
    let delay = RETRY_FIRST_MS
    for (;;) {
      try {
        await task.put(records)
        context.putDone()
        return true
      } catch (error) {
        context.putFailed()
        if (!isRetriable(error)) {
          throw new SluiceError('TASK_FAILED', 'Exiting WorkerSinkTask due to unrecoverable exception.', {
            cause: error,
            remedy: 'See the cause; the records were not committed and are put again after a restart.',
          })
        }
        logger.warn('The sink asked for the same records again later', { reason: describeError(error), delayMs: delay })
        await clock.sleep(delay, signal)
        if (signal.aborted) return false
        delay = Math.min(delay * 2, RETRY_MAX_MS)
      }
    }
  }

  /** Dead letters first, then the sink's own data, then the offsets: so that nothing is forgotten at any moment. */
  async #commit(closing: boolean): Promise<void> {
    const { task, context, positions, offsets, producer, clock, commitIntervalMs, logger } = this.#parts
    await context.sendLetters(producer)
    const safe = await task.flush(positions.current(), closing)
    const ready = positions.committable(safe, logger)
    if (ready.length > 0) {
      try {
        await offsets.commit(ready)
        positions.committed(ready)
      } catch (error) {
        // The sink holds the data; offsets that stay behind only mean that some of it is offered again.
        if (!isRetriable(error)) throw error
        logger.warn('Offsets could not be committed; they are committed with the next ones', { reason: describeError(error) })
      }
    }
    this.#commitDueAt = clock.monotonic() + commitIntervalMs
  }
}

interface FailedFetch {
  readonly at: number
  readonly stage: Stage
  readonly part: Part
  readonly error: unknown
}

async function quietly(logger: Logger, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    logger.warn(`The sink did not ${what} cleanly`, { reason: describeError(error) })
  }
}
