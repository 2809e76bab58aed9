import type { SinkTaskContext, TopicPartition } from '@sluice/sdk'
import { labelOf } from './partition-label.ts'

interface Held {
  readonly partition: TopicPartition
  /** The first record that waits. */
  offset: number
  readonly tenants: Set<string>
}

/**
 * Partitions that are read again from an offset, because the store of a tenant refuses what is in them. They wait for it, or, where its
 * records are bad records meanwhile, only until the worker has gone back.
 */
export class HeldPartitions {
  readonly #context: SinkTaskContext
  readonly #held = new Map<string, Held>()

  constructor(context: SinkTaskContext) {
    this.#context = context
  }

  /** @param waits whether the partition is not read until `release` */
  hold(partition: TopicPartition, tenant: string, offset: number, waits: boolean): void {
    const { topic, partition: number } = partition
    const place = { topic, partition: number }
    const label = labelOf(place)
    let held = this.#held.get(label)
    if (held === undefined) this.#held.set(label, (held = { partition: place, offset, tenants: new Set() }))
    held.offset = Math.min(held.offset, offset)
    if (waits) {
      held.tenants.add(tenant)
      this.#context.pause([place])
    }
    this.#context.rewind([{ ...place, offset: held.offset }])
  }

  /** What of the partition must not count as done. */
  offsetOf(partition: TopicPartition): number | undefined {
    return this.#held.get(labelOf(partition))?.offset
  }

  /** The worker has gone back where it was asked to: nothing holds those that wait for nobody. */
  settle(): void {
    for (const [label, { tenants }] of this.#held) if (tenants.size === 0) this.#held.delete(label)
  }

  /** Whoever waited for that tenant is read on. */
  release(tenant: string): void {
    for (const [label, { partition, tenants }] of this.#held) {
      if (!tenants.delete(tenant) || tenants.size > 0) continue
      this.#held.delete(label)
      this.#context.resume([partition])
    }
  }

  /** It is given up. It must not be found paused when it comes back. */
  delete(partition: TopicPartition): void {
    const label = labelOf(partition)
    const held = this.#held.get(label)
    this.#held.delete(label)
    if (held !== undefined && held.tenants.size > 0) this.#context.resume([held.partition])
  }
}
