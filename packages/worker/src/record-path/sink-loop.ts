import type { CommittedOffset, FetchedPartition, FetchedRecords, Fetcher, GroupOffsets, Producer } from '@sluice/kafka'
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
import type { SinkPartition } from './sink-partition.ts'
import type { SinkPositions } from './sink-positions.ts'
import { startTask } from './start-task.ts'
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
    const { task, context, partitions, producer, logger } = this.#parts
    let opened = false
    try {
      if (!(await startTask((at) => task.start(at), signal, this.#parts))) return
      await this.#open()
      opened = true
      await this.#move(signal)
      await this.#commit(true)
    } catch (error) {
      // So that the record that stopped the task is there to be looked at.
      await quietly(logger, 'The last dead letters could not be sent', () => context.sendLetters(producer))
      throw error
    } finally {
      if (opened) await quietly(logger, 'The sink did not close cleanly', () => task.close(partitions))
      await quietly(logger, 'The sink did not stop cleanly', () => task.stop())
    }
  }

  async #open(): Promise<void> {
    const { task, context, partitions, fetcher, offsets, positions, clock, logger, commitIntervalMs } = this.#parts
    await positions.start(partitions, await offsets.committed(partitions))
    context.assign(partitions)
    await task.open(partitions)
    positions.rewind(context.takeRewinds(), logger)
    fetcher.assign(positions.current())
    context.fetching()
    this.#commitDueAt = clock.monotonic() + commitIntervalMs
  }

  async #move(signal: AbortSignal): Promise<void> {
    const { fetcher, context, positions, producer, clock } = this.#parts
    while (!signal.aborted) {
      const wait = Math.max(0, Math.min(POLL_MAX_MS, this.#commitDueAt - clock.monotonic()))
      const fetched = await fetcher.poll(wait, signal)
      const records = await this.#decode(fetched, signal)
      if (records === null || !(await this.#put(fetched, records, signal))) return
      positions.reached(fetched)
      this.#rewind()
      // On each turn, because letters hold the whole answers that they were fetched with.
      await this.#unlessLater(() => context.sendLetters(producer))
      if (context.takeCommitRequest() || clock.monotonic() >= this.#commitDueAt) await this.#commit(false)
    }
  }

  #rewind(): void {
    const { fetcher, context, positions, logger } = this.#parts
    for (const position of positions.rewind(context.takeRewinds(), logger)) fetcher.seek(position)
  }

  /** Decodes and transforms all that was fetched; what fails is judged record by record. Null: the signal was aborted first. */
  async #decode(fetched: readonly FetchedPartition[], signal: AbortSignal): Promise<SinkRecord[] | null> {
    const out: SinkRecord[] = []
    for (const { topic, partition, batches } of fetched) {
      const at = this.#parts.positions.of({ topic, partition })
      for (const batch of batches) {
        at.took(batch)
        let next = 0
        let attempt = 0
        let since = 0
        while (next < batch.count) {
          const failed = this.#decodeRun(at, batch, next, out)
          if (failed === undefined) break
          if (failed.at !== next || attempt === 0) {
            attempt = 0
            since = this.#parts.clock.monotonic()
          }
          next = failed.at
          const retry = await this.#parts.tolerance.retry(failed.error, since, attempt, signal)
          if (retry === 'stopped') return null
          if (retry === 'again') {
            attempt += 1
            continue
          }
          this.#judge(at, batch, failed)
          next += 1
          attempt = 0
        }
      }
    }
    return out
  }

  /** The hot path: records of one batch from `from` on, until its end or the first failure. Synchronous. */
  #decodeRun(at: SinkPartition, batch: FetchedRecords, from: number, out: SinkRecord[]): FailedFetch | undefined {
    const { decoder, chain } = this.#parts
    const { topic, partition } = at
    let i = from
    let stage: Stage = 'decode'
    try {
      for (; i < batch.count; i++) {
        stage = 'decode'
        const record = decoder.decode(topic, partition, batch, i)
        stage = 'transform'
        const changed = chain === null ? record : chain(record)
        if (changed === null) at.dropped(batch.offset(i), 'transform')
        else out.push(changed)
      }
      return undefined
    } catch (error) {
      if (error instanceof ConversionFailure) return { at: i, stage, part: error.part, error: error.error }
      return { at: i, stage, part: 'value', error }
    }
  }

  /** One failed record: a dead letter, a counted drop, or the error that stops the task. */
  #judge(at: SinkPartition, batch: FetchedRecords, { at: i, stage, part, error }: FailedFetch): void {
    const { tolerance, deadLetters, context } = this.#parts
    const { topic, partition } = at
    const offset = batch.offset(i)
    const place = { topic, partition, offset }
    const verdict = tolerance.decide(error, stage, place)
    if (deadLetters !== null) {
      context.addLetter(deadLetters.ofFetched(fetchedOriginal(topic, partition, batch, i), stage, part, error))
      at.quarantined(offset, stage)
    } else if (verdict === 'go-on') at.dropped(offset, stage)
    if (verdict === 'stop') throw toleranceExceeded(error, stage, place)
  }

  /** False when the signal was aborted before the sink took the records. */
  async #put(
    fetched: readonly FetchedPartition[],
    records: readonly SinkRecord[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { task, clock, logger, context } = this.#parts
    context.putting(fetched)
    let delayMs = RETRY_FIRST_MS
    for (;;) {
      try {
        await task.put(records)
        context.callDone()
        return true
      } catch (error) {
        const refusal = context.callFailed()
        if (refusal !== undefined || !isRetriable(error)) {
          throw new SluiceError('TASK_FAILED', 'Exiting WorkerSinkTask due to unrecoverable exception.', {
            cause: refusal ?? error,
            remedy:
              remedyOf(refusal ?? error) ??
              'See the cause; the records were not committed and are put again after a restart.',
          })
        }
        logger.warn('The sink asked for the same records again later', { reason: describeError(error), delayMs })
        await clock.sleep(delayMs, signal)
        if (signal.aborted) return false
        delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)
      }
    }
  }

  /** Dead letters first, then the sink's own data, then the offsets: so that nothing is forgotten at any moment. */
  async #commit(closing: boolean): Promise<void> {
    const { task, context, positions, producer, clock, commitIntervalMs, logger } = this.#parts
    await this.#unlessLater(async () => {
      await context.sendLetters(producer)
      await this.#commitOffsets(positions.ahead())
      const safe = await task.flush(positions.current(), closing)
      context.callDone()
      await context.sendLetters(producer)
      await this.#commitOffsets(positions.committable(safe, logger))
    })
    this.#rewind()
    this.#commitDueAt = clock.monotonic() + commitIntervalMs
  }

  async #commitOffsets(ready: readonly CommittedOffset[]): Promise<void> {
    if (ready.length === 0) return
    await this.#parts.offsets.commit(ready)
    this.#parts.positions.committed(ready)
  }

  /** What fails for now is done with the next commit: offsets that stay behind only mean that some records are offered again. */
  async #unlessLater(work: () => Promise<void>): Promise<void> {
    const { context, logger } = this.#parts
    try {
      await work()
    } catch (error) {
      const refusal = context.callFailed()
      if (refusal !== undefined || !isRetriable(error)) throw refusal ?? error
      logger.warn('Nothing could be committed; it is tried again with what comes', { reason: describeError(error) })
    }
  }
}

interface FailedFetch {
  readonly at: number
  readonly stage: Stage
  readonly part: Part
  readonly error: unknown
}

/** What its author says is to be done about it. */
function remedyOf(error: unknown): string | undefined {
  return error instanceof SluiceError ? error.remedy : undefined
}

async function quietly(logger: Logger, complaint: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    logger.warn(complaint, { reason: describeError(error) })
  }
}
