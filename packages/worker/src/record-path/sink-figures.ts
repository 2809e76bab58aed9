import type { Clock } from '@sluice/sdk'
import { Samples } from './samples.ts'
import type { SinkLag } from './sink-lag.ts'
import type { FigureGroup, TaskTags } from './task-figures.ts'

/** `sink-task-metrics`. Recorded per fetch, per put and per commit. */
export class SinkFigures {
  readonly #tags: TaskTags
  readonly #lag: SinkLag
  readonly #read: Samples
  readonly #sent: Samples
  readonly #putTimes: Samples
  readonly #active: Samples
  readonly #completions: Samples
  readonly #skips: Samples
  #activeNow = 0
  #sequence = 0
  #partitions = 0

  constructor(tags: TaskTags, clock: Clock, lag: SinkLag) {
    this.#tags = tags
    this.#lag = lag
    this.#read = new Samples(clock)
    this.#sent = new Samples(clock)
    this.#putTimes = new Samples(clock)
    this.#active = new Samples(clock)
    this.#completions = new Samples(clock)
    this.#skips = new Samples(clock)
  }

  assigned(partitions: number): void {
    this.#partitions = partitions
  }

  /** Records came from the consumer; `sent` of them go to the sink. They are active until they are committed. */
  fetched(read: number, sent: number): void {
    if (read === 0) return
    this.#read.record(read)
    this.#sent.record(sent)
    this.#activeNow += sent
    this.#active.record(this.#activeNow)
  }

  put(tookMs: number): void {
    this.#putTimes.record(tookMs)
  }

  commitBegan(sequence: number): void {
    this.#sequence = sequence
  }

  committed(): void {
    this.#completions.record(1)
    this.#activeNow = 0
    this.#active.record(0)
  }

  /** Nothing had changed. */
  commitSkipped(): void {
    this.#skips.record(1)
  }

  read(): FigureGroup {
    const lags = this.#lag.read()
    return {
      group: 'sink-task-metrics',
      tags: this.#tags,
      values: {
        'sink-record-read-rate': this.#read.rate,
        'sink-record-read-total': this.#read.total,
        'sink-record-send-rate': this.#sent.rate,
        'sink-record-send-total': this.#sent.total,
        'sink-record-active-count': this.#activeNow,
        'sink-record-active-count-max': this.#active.max,
        'sink-record-active-count-avg': this.#active.avg,
        'sink-record-lag-max': lags.length === 0 ? Number.NaN : Math.max(...lags.map(({ records }) => records)),
        'partition-count': this.#partitions,
        'offset-commit-seq-no': this.#sequence,
        'offset-commit-completion-rate': this.#completions.rate,
        'offset-commit-completion-total': this.#completions.total,
        'offset-commit-skip-rate': this.#skips.rate,
        'offset-commit-skip-total': this.#skips.total,
        'put-batch-max-time-ms': this.#putTimes.max,
        'put-batch-avg-time-ms': this.#putTimes.avg,
      },
    }
  }

  /** Ours: how far each partition is behind, in records and in seconds. */
  readLags(): readonly FigureGroup[] {
    return this.#lag.read().map(({ topic, partition, records, seconds }) => ({
      group: 'sink-partition-metrics',
      tags: { ...this.#tags, topic, partition: String(partition) },
      values: { 'records-lag': records, 'seconds-lag': seconds },
    }))
  }
}
