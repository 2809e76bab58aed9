import type { Clock } from '@sluice/sdk'
import { Samples } from './samples.ts'
import type { FigureGroup, TaskTags } from './task-figures.ts'

/** `source-task-metrics`. Recorded per poll, per batch and per transaction. */
export class SourceFigures {
  readonly #tags: TaskTags
  readonly #polled: Samples
  readonly #written: Samples
  readonly #pollTimes: Samples
  readonly #active: Samples
  readonly #transactionSizes: Samples
  #activeNow = 0

  constructor(tags: TaskTags, clock: Clock) {
    this.#tags = tags
    this.#polled = new Samples(clock)
    this.#written = new Samples(clock)
    this.#pollTimes = new Samples(clock)
    this.#active = new Samples(clock)
    this.#transactionSizes = new Samples(clock)
  }

  polled(records: number, tookMs: number): void {
    this.#pollTimes.record(tookMs)
    if (records === 0) return
    this.#polled.record(records)
    this.#activate(records)
  }

  /** Of those polled, `written` are durable; the others need no place any more: dropped, skipped, or failed. */
  settled(polled: number, written: number): void {
    this.#written.record(written)
    this.#activate(-polled)
  }

  transaction(records: number): void {
    this.#transactionSizes.record(records)
  }

  read(): FigureGroup {
    return {
      group: 'source-task-metrics',
      tags: this.#tags,
      values: {
        'source-record-poll-rate': this.#polled.rate,
        'source-record-poll-total': this.#polled.total,
        'source-record-write-rate': this.#written.rate,
        'source-record-write-total': this.#written.total,
        'poll-batch-max-time-ms': this.#pollTimes.max,
        'poll-batch-avg-time-ms': this.#pollTimes.avg,
        'source-record-active-count': this.#activeNow,
        'source-record-active-count-max': this.#active.max,
        'source-record-active-count-avg': this.#active.avg,
        'transaction-size-min': this.#transactionSizes.min,
        'transaction-size-max': this.#transactionSizes.max,
        'transaction-size-avg': this.#transactionSizes.avg,
      },
    }
  }

  #activate(records: number): void {
    this.#activeNow += records
    this.#active.record(this.#activeNow)
  }
}
