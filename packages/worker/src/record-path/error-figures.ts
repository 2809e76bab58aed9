import type { Clock } from '@sluice/sdk'
import type { FigureGroup, TaskTags } from './task-figures.ts'

/** `task-error-metrics`: what went wrong with records. Nothing is recorded while nothing does. */
export class ErrorFigures {
  readonly #tags: TaskTags
  readonly #clock: Clock
  #failures = 0
  #errors = 0
  #skipped = 0
  #retries = 0
  #logged = 0
  #letterRequests = 0
  #letterFailures = 0
  #lastErrorAt = 0

  constructor(tags: TaskTags, clock: Clock) {
    this.#tags = tags
    this.#clock = clock
  }

  /** An operation on a record failed, whether it is tried again or not. */
  failed(): void {
    this.#failures += 1
    this.#lastErrorAt = this.#clock.now()
  }

  /** A record failed for good. */
  erred(): void {
    this.#errors += 1
  }

  retried(): void {
    this.#retries += 1
  }

  skipped(records: number): void {
    this.#skipped += records
  }

  logged(): void {
    this.#logged += 1
  }

  lettersSent(letters: number): void {
    this.#letterRequests += letters
  }

  lettersFailed(letters: number): void {
    this.#letterFailures += letters
  }

  read(): FigureGroup {
    return {
      group: 'task-error-metrics',
      tags: this.#tags,
      values: {
        'total-record-failures': this.#failures,
        'total-record-errors': this.#errors,
        'total-records-skipped': this.#skipped,
        'total-retries': this.#retries,
        'total-errors-logged': this.#logged,
        'deadletterqueue-produce-requests': this.#letterRequests,
        'deadletterqueue-produce-failures': this.#letterFailures,
        'last-error-timestamp': this.#lastErrorAt,
      },
    }
  }
}
