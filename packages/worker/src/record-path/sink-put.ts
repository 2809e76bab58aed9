import { DataError, describeError, isRetriable, SluiceError, type Clock, type Logger, type SinkTask } from '@sluice/sdk'
import type { SinkBatch } from './sink-batch.ts'
import type { SinkContext } from './sink-context.ts'
import type { SinkFigures } from './sink-figures.ts'
import type { Tolerance } from './tolerance.ts'

export interface SinkPutParts {
  readonly task: SinkTask
  readonly context: SinkContext
  readonly tolerance: Tolerance
  /** Whether what the sink refuses alone can be kept. */
  readonly hasDeadLetters: boolean
  readonly figures: SinkFigures
  readonly logger: Logger
  readonly clock: Clock
  /** `max.poll.interval.ms` */
  readonly putMaxMs: number
}

/** What became of a put: the batch is done, the next part of it may follow, or the same again after so long. */
export type PutOutcome = 'done' | 'next' | { readonly againAfterMs: number }

const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 10_000
/** Of one batch: some thirty bad records in ten thousand. With more, something else is wrong than records. */
const REFUSALS_MAX = 500

/**
 * Puts a batch, part by part. A RetriableError: the same part again, later. A DataError of a sink that lets itself be asked again
 * (`canBisect`), when errors are tolerated and there is a dead letter topic: the part is halved until the bad record is alone, which
 * becomes a dead letter; all others are put, in their order. Any other error fails the task.
 */
export class SinkPut {
  readonly #parts: SinkPutParts
  #delayMs = RETRY_FIRST_MS

  constructor(parts: SinkPutParts) {
    this.#parts = parts
  }

  async put(batch: SinkBatch): Promise<PutOutcome> {
    const { task, context, logger, clock, figures, putMaxMs } = this.#parts
    const records = batch.next
    if (records === undefined) return 'done'
    context.putting(batch.fetched)
    const since = clock.monotonic()
    try {
      await task.put(records)
      context.callDone()
    } catch (error) {
      return this.#refused(batch, error)
    } finally {
      const tookMs = clock.monotonic() - since
      figures.put(tookMs)
      if (tookMs > putMaxMs) {
        logger.warn(
          'A put took longer than the group waits for; the partitions may have been given to others. Make max.poll.interval.ms longer, or max.partition.fetch.bytes smaller',
          { tookMs: Math.round(tookMs), 'max.poll.interval.ms': putMaxMs },
        )
      }
    }
    this.#delayMs = RETRY_FIRST_MS
    batch.taken()
    return batch.next === undefined ? 'done' : 'next'
  }

  #refused(batch: SinkBatch, error: unknown): PutOutcome {
    const { context, logger } = this.#parts
    const refusal = context.callFailed()
    if (refusal === undefined && isRetriable(error)) {
      const wantedMs = context.takeTimeout()
      const againAfterMs = wantedMs ?? this.#delayMs
      if (wantedMs === null) this.#delayMs = Math.min(againAfterMs * 2, RETRY_MAX_MS)
      logger.warn('The sink asked for the same records again later', {
        reason: describeError(error),
        delayMs: againAfterMs,
      })
      return { againAfterMs }
    }
    if (refusal !== undefined || !this.#mayBisect(batch, error)) throw failed(refusal ?? error)
    batch.refusals += 1
    const records = batch.next!
    if (records.length > 1) batch.halve()
    else {
      context.quarantine(records[0]!, error)
      batch.taken()
    }
    return batch.next === undefined ? 'done' : 'next'
  }

  #mayBisect(batch: SinkBatch, error: unknown): boolean {
    const { task, tolerance, hasDeadLetters } = this.#parts
    if (task.canBisect !== true || !tolerance.toleratesAll || !hasDeadLetters) return false
    return error instanceof DataError && batch.next!.length > 0 && batch.refusals < REFUSALS_MAX
  }
}

function failed(cause: unknown): SluiceError {
  const remedy = cause instanceof SluiceError ? cause.remedy : undefined
  return new SluiceError('TASK_FAILED', 'Exiting WorkerSinkTask due to unrecoverable exception.', {
    cause,
    remedy: remedy ?? 'See the cause; the records were not committed and are put again after a restart.',
  })
}
