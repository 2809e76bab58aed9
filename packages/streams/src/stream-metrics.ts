import { total, type Tally } from '@sluice/kafka'
import { GateMetrics } from '@sluice/quality'
import type { Counter, Gauge, Metrics, TopicPartition } from '@sluice/sdk'
import { keyOf } from './runtime/partition-key.ts'
import type { StreamTask } from './record-path/stream-task.ts'

/** What one round put out, and the time it took to decode, process and encode it. */
export interface RoundFigures {
  readonly records: number
  readonly bytes: number
  readonly processMs: number
}

interface OfPartition {
  last: Tally
  readonly in: Counter
  readonly passed: Counter
  readonly marked: Counter
  readonly quarantined: Counter
  readonly dropped: Counter
  readonly position: Gauge
}

/**
 * The instruments of one application, moved once per round.
 *
 * `sluice_streams_records_in_total{application,topic,partition}` and `sluice_streams_records_total{…,outcome}` count input records
 * (`marked` ones are among the `passed`); `…_records_out_total`, `…_bytes_out_total` and `…_process_seconds_total` count what was
 * put out and what it took; `…_position` is the next offset to process; `…_commits_total`, `…_restarts_total` count those.
 * The metrics of gates are those of @sluice/quality, with the application as `flow`, summed over the tasks.
 */
export class StreamMetrics {
  readonly #metrics: Metrics
  readonly #application: string
  readonly #partitions = new Map<string, OfPartition>()
  readonly #gates = new WeakMap<StreamTask, readonly GateMetrics[]>()
  readonly #recordsOut: Counter
  readonly #bytesOut: Counter
  readonly #processSeconds: Counter
  readonly #commits: Counter
  readonly #restarts: Counter

  constructor(metrics: Metrics, application: string) {
    this.#metrics = metrics
    this.#application = application
    const labels = { application }
    this.#recordsOut = metrics.counter('sluice_streams_records_out_total', labels)
    this.#bytesOut = metrics.counter('sluice_streams_bytes_out_total', labels)
    this.#processSeconds = metrics.counter('sluice_streams_process_seconds_total', labels)
    this.#commits = metrics.counter('sluice_streams_commits_total', labels)
    this.#restarts = metrics.counter('sluice_streams_restarts_total', labels)
  }

  /** A task begins with what its partitions have counted by now: only what follows is counted here. */
  started(task: StreamTask): void {
    for (const partition of task.partitions) this.#of(partition).last = partition.tally.snapshot()
    this.#gates.set(
      task,
      task.gates.map((gate) => new GateMetrics(gate, this.#metrics, { flow: this.#application })),
    )
  }

  round(task: StreamTask, figures: RoundFigures): void {
    for (const partition of task.partitions) {
      const of = this.#of(partition)
      const { last } = of
      const tally = partition.tally.snapshot()
      of.last = tally
      of.in.add(tally.in - last.in)
      of.passed.add(tally.passed - last.passed)
      of.marked.add(tally.marked - last.marked)
      of.quarantined.add(total(tally.quarantined) - total(last.quarantined))
      of.dropped.add(total(tally.dropped) - total(last.dropped))
      of.position.set(partition.position)
    }
    this.#recordsOut.add(figures.records)
    this.#bytesOut.add(figures.bytes)
    this.#processSeconds.add(figures.processMs / 1000)
    for (const gate of this.#gates.get(task) ?? []) gate.publish()
  }

  committed(): void {
    this.#commits.add(1)
  }

  restarted(): void {
    this.#restarts.add(1)
  }

  #of({ topic, partition }: TopicPartition): OfPartition {
    const key = keyOf({ topic, partition })
    let of = this.#partitions.get(key)
    if (of === undefined) {
      const labels = { application: this.#application, topic, partition: String(partition) }
      const outcome = (outcome: string): Counter =>
        this.#metrics.counter('sluice_streams_records_total', { ...labels, outcome })
      of = {
        last: { in: 0, passed: 0, marked: 0, quarantined: {}, dropped: {} },
        in: this.#metrics.counter('sluice_streams_records_in_total', labels),
        passed: outcome('passed'),
        marked: outcome('marked'),
        quarantined: outcome('quarantined'),
        dropped: outcome('dropped'),
        position: this.#metrics.gauge('sluice_streams_position', labels),
      }
      this.#partitions.set(key, of)
    }
    return of
  }
}
