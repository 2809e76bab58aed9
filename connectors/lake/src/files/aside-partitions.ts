import type { SinkRecord, SinkTaskContext, SluiceError, TopicPartition } from '@sluice/sdk'
import { labelOf } from '../partition-label.ts'

/** A partition whose records cannot be stored now. */
export interface AsidePartition {
  readonly partition: TopicPartition
  /** Undefined: its topic names no tenant. */
  readonly tenant: string | undefined
  /** Whether its records are bad records; otherwise it is not read. */
  readonly isReported: boolean
  readonly error: SluiceError
}

/** The partitions that are set aside, until somebody takes them back. */
export class AsidePartitions {
  readonly #context: SinkTaskContext
  readonly #aside = new Map<string, AsidePartition>()
  /** Those whose records are still on their way that were fetched before the worker went back. */
  readonly #stirred = new Set<string>()

  constructor(context: SinkTaskContext) {
    this.#context = context
  }

  /** @param from what was taken is read again from there; undefined: nothing was */
  add(aside: AsidePartition, from: number | undefined): void {
    const { partition, isReported } = aside
    const label = labelOf(partition)
    this.#aside.set(label, aside)
    if (!isReported) this.#context.pause([partition])
    if (from === undefined) return
    this.#stirred.add(label)
    this.#context.rewind([{ ...partition, offset: from }])
  }

  has(partition: TopicPartition): boolean {
    return this.#aside.has(labelOf(partition))
  }

  /** The worker has gone back where it was asked to. */
  settle(): void {
    this.#stirred.clear()
  }

  /** Reports a record of a partition that is aside; leaves it if it comes again. */
  take(record: SinkRecord): void {
    const label = labelOf({ topic: record.originalTopic, partition: record.originalPartition })
    const aside = this.#aside.get(label)
    if (aside?.isReported === true && !this.#stirred.has(label)) this.#context.report(record, aside.error)
  }

  /** Whether all before the worker's position is done with. */
  isDone(partition: TopicPartition): boolean {
    const label = labelOf(partition)
    return this.#aside.get(label)?.isReported === true && !this.#stirred.has(label)
  }

  /** Takes a tenant's partitions back: they are read again. */
  takeBack(tenant: string): AsidePartition[] {
    const back = [...this.#aside.values()].filter((aside) => aside.tenant === tenant)
    for (const { partition } of back) this.delete(partition)
    return back
  }

  /** Nothing holds it any more. One that is given up must not be found paused when it comes back. */
  delete(partition: TopicPartition): void {
    const label = labelOf(partition)
    const aside = this.#aside.get(label)
    this.#aside.delete(label)
    this.#stirred.delete(label)
    if (aside?.isReported === false) this.#context.resume([aside.partition])
  }
}
