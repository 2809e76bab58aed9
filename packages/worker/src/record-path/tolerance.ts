/**
 * One decision per failed record (KIP-298): try again, divert to dead letters, drop with a counted reason, or stop the task.
 * A report goes out before the decision takes effect, so a task that tolerates nothing still leaves the fatal record in its
 * dead letter topic, if it has one.
 */
import { describeError, isRetriable, SluiceError, type Clock, type Logger, type Random, type Stage } from '@sluice/sdk'
import type { ErrorFigures } from './error-figures.ts'

export interface ToleranceSettings {
  /** `errors.retry.timeout` in ms; 0: no retry; -1: for ever. */
  readonly retryTimeoutMs: number
  /** `errors.retry.delay.max.ms` */
  readonly retryDelayMaxMs: number
  /** `errors.tolerance` */
  readonly tolerance: 'none' | 'all'
  /** `errors.log.enable` */
  readonly log: boolean
  /** `errors.log.include.messages`: whether the log line names the record's place. */
  readonly logPlace: boolean
}

/** What becomes of a record that failed for good. */
export type Verdict = 'go-on' | 'stop'

/** Whether a record that failed is tried again; `stopped`: it would be, but the task is to end, and must leave it as if it never came. */
export type Retry = 'again' | 'never' | 'stopped'

/** Where a record is: topic, partition and offset, or the source's own place. */
export type Place = Readonly<Record<string, string | number>>

const FIRST_DELAY_MS = 300

export class Tolerance {
  readonly #settings: ToleranceSettings
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #random: Random
  readonly #figures: ErrorFigures | null

  /** `figures`: what is counted of it in `task-error-metrics`. */
  constructor(
    settings: ToleranceSettings,
    logger: Logger,
    clock: Clock,
    random: Random,
    figures: ErrorFigures | null = null,
  ) {
    this.#settings = settings
    this.#logger = logger
    this.#clock = clock
    this.#random = random
    this.#figures = figures
  }

  /** `errors.tolerance=all` */
  get toleratesAll(): boolean {
    return this.#settings.tolerance === 'all'
  }

  /**
   * Whether the record may be tried again, after the wait for it. `never`: the error is not retriable, or the time is used up; the
   * last try is made when it ends. `since` is `clock.monotonic()` of the first failure, `attempt` counts from 0.
   */
  async retry(error: unknown, since: number, attempt: number, signal: AbortSignal): Promise<Retry> {
    const { retryTimeoutMs, retryDelayMaxMs } = this.#settings
    this.#figures?.failed()
    if (!isRetriable(error) || retryTimeoutMs === 0) return 'never'
    let delay = FIRST_DELAY_MS * 2 ** attempt
    if (delay > retryDelayMaxMs) delay = this.#random.next() * retryDelayMaxMs
    if (retryTimeoutMs > 0) {
      const left = retryTimeoutMs - (this.#clock.monotonic() - since)
      if (left <= 0) return 'never'
      delay = Math.min(delay, left)
    }
    await this.#clock.sleep(delay, signal)
    if (!signal.aborted) this.#figures?.retried()
    return signal.aborted ? 'stopped' : 'again'
  }

  /** Logs the failure as configured and says whether the task goes on. `mustStay`: it does not, for the record would be lost. */
  decide(error: unknown, stage: Stage, place: Place, mustStay = false): Verdict {
    this.#figures?.erred()
    if (this.#settings.log) {
      this.#figures?.logged()
      this.#logger.error(`Error in stage ${stage}: ${describeError(error)}`, this.#settings.logPlace ? place : {})
    }
    return this.#settings.tolerance === 'all' && !mustStay ? 'go-on' : 'stop'
  }

  /** Records were tolerated and left out, without a dead letter. */
  skipped(records: number): void {
    this.#figures?.skipped(records)
  }
}

/** The error that stops a task on a record nobody tolerates. */
export function toleranceExceeded(error: unknown, stage: Stage, place: Place): SluiceError {
  return new SluiceError('TASK_FAILED', `Tolerance exceeded in error handler: the record failed in stage ${stage}`, {
    cause: error,
    place,
    remedy:
      'Mend the record or the settings named above, or set errors.tolerance=all and errors.deadletterqueue.topic.name to divert such records.',
  })
}
