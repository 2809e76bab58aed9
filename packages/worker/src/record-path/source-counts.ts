import type { Counter, Metrics, SourcePosition } from '@sluice/sdk'
import { positionText } from '../positions/position-store.ts'
import type { SettledPosition } from './in-flight.ts'
import type { BatchTally } from './outgoing-batch.ts'
import type { SourceFigures } from './source-figures.ts'

/** What a source task has done since it started, as numbers. */
export interface SourceProgress {
  /** Records and diverted bytes that polls returned. */
  readonly polled: number
  /** Of these, durable in the record's own topic. */
  readonly produced: number
  /** Of these, durable in the dead letter topic. */
  readonly deadLettered: number
  /** Dropped by a transform, or sent in a transaction that the connector aborted. */
  readonly dropped: number
  /** Failed, and tolerated without a dead letter topic; or refused by the broker, and tolerated. */
  readonly skipped: number
  /** Where each source partition stands in the position store; by its JSON. */
  readonly stored: ReadonlyMap<string, SourcePosition>
}

/** Counts per batch, into the metrics and for whoever watches the task. */
export class SourceCounts {
  readonly #polled: Counter
  readonly #produced: Counter
  readonly #deadLettered: Counter
  readonly #dropped: Counter
  readonly #skipped: Counter
  readonly #storeFailures: Counter
  readonly #stored = new Map<string, SourcePosition>()
  readonly #figures: SourceFigures

  constructor(metrics: Metrics, connector: string, task: number, figures: SourceFigures) {
    this.#figures = figures
    const labels = { connector, task: String(task) }
    this.#polled = metrics.counter('sluice_source_records_polled_total', labels)
    this.#produced = metrics.counter('sluice_source_records_produced_total', labels)
    this.#deadLettered = metrics.counter('sluice_source_records_dead_lettered_total', labels)
    this.#dropped = metrics.counter('sluice_source_records_dropped_total', labels)
    this.#skipped = metrics.counter('sluice_source_records_skipped_total', labels)
    this.#storeFailures = metrics.counter('sluice_source_position_store_failures_total', labels)
  }

  /** A poll, also one that brought nothing. */
  polled(records: number, tookMs: number): void {
    this.#polled.add(records)
    this.#figures.polled(records, tookMs)
  }

  /** The batch is durable. */
  settled(batch: BatchTally): void {
    const written = batch.records - batch.letters - batch.refused
    this.#produced.add(written)
    this.#deadLettered.add(batch.letters)
    this.#dropped.add(batch.dropped)
    this.#skipped.add(batch.skipped + batch.refused)
    this.#figures.settled(batch.polled, written)
  }

  /** The batch never becomes visible, and is not read again: its transaction was aborted by the connector. */
  aborted(batch: BatchTally): void {
    this.#dropped.add(batch.records + batch.dropped)
    this.#skipped.add(batch.skipped)
    this.#figures.settled(batch.polled, 0)
  }

  /** A transaction of so many records is committed. */
  transaction(records: number): void {
    this.#figures.transaction(records)
  }

  stored(positions: readonly SettledPosition[]): void {
    for (const { partition, position } of positions) this.#stored.set(positionText(partition), position)
  }

  storeFailed(): void {
    this.#storeFailures.add(1)
  }

  progress(): SourceProgress {
    return {
      polled: this.#polled.value,
      produced: this.#produced.value,
      deadLettered: this.#deadLettered.value,
      dropped: this.#dropped.value,
      skipped: this.#skipped.value,
      stored: this.#stored,
    }
  }
}
