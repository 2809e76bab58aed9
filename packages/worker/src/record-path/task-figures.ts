import type { Clock } from '@sluice/sdk'
import { Samples } from './samples.ts'

/** One of Kafka Connect's groups of metrics (`kafka.connect:type=<group>,<tags>`). */
export interface FigureGroup {
  readonly group: string
  readonly tags: Readonly<Record<string, string>>
  /** By Kafka Connect's name. NaN: nothing to say yet. */
  readonly values: Readonly<Record<string, number | string>>
}

export type TaskTags = Readonly<{ connector: string; task: string }>

/** What a task does, in `connector-task-metrics`. */
export type TaskActivity = 'running' | 'paused' | 'idle'

/**
 * `connector-task-metrics`: of sources and sinks alike. All is recorded per batch, per commit or per change of state. `texts` are the
 * attributes that never change, as `connector-class`.
 */
export class TaskFigures {
  readonly #tags: TaskTags
  readonly #clock: Clock
  readonly #texts: Readonly<Record<string, string>>
  readonly #batchSizes: Samples
  readonly #commitTimes: Samples
  readonly #commitSuccesses: Samples
  readonly #spentMs = { running: 0, paused: 0, idle: 0 }
  #activity: TaskActivity = 'idle'
  #since: number

  constructor(tags: TaskTags, clock: Clock, texts: Readonly<Record<string, string>> = {}) {
    this.#tags = tags
    this.#clock = clock
    this.#texts = texts
    this.#batchSizes = new Samples(clock)
    this.#commitTimes = new Samples(clock)
    this.#commitSuccesses = new Samples(clock)
    this.#since = clock.monotonic()
  }

  turnedTo(activity: TaskActivity): void {
    this.#settleTime()
    this.#activity = activity
  }

  batch(records: number): void {
    this.#batchSizes.record(records)
  }

  committed(tookMs: number): void {
    this.#commitTimes.record(tookMs)
    this.#commitSuccesses.record(1)
  }

  commitFailed(tookMs: number): void {
    this.#commitTimes.record(tookMs)
    this.#commitSuccesses.record(0)
  }

  read(): FigureGroup {
    this.#settleTime()
    const { running, paused, idle } = this.#spentMs
    const all = running + paused + idle
    const successes = this.#commitSuccesses.avg
    return {
      group: 'connector-task-metrics',
      tags: this.#tags,
      values: {
        ...this.#texts,
        'running-ratio': all === 0 ? 0 : running / all,
        'pause-ratio': all === 0 ? 0 : paused / all,
        'batch-size-max': this.#batchSizes.max,
        'batch-size-avg': this.#batchSizes.avg,
        'offset-commit-max-time-ms': this.#commitTimes.max,
        'offset-commit-avg-time-ms': this.#commitTimes.avg,
        'offset-commit-success-percentage': Number.isNaN(successes) ? 0 : successes,
        'offset-commit-failure-percentage': Number.isNaN(successes) ? 0 : 1 - successes,
      },
    }
  }

  #settleTime(): void {
    const now = this.#clock.monotonic()
    this.#spentMs[this.#activity] += now - this.#since
    this.#since = now
  }
}
