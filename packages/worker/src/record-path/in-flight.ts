import type { SourcePartition, SourcePosition } from '@sluice/sdk'
import { positionText } from '../positions/position-store.ts'

/** Where a source partition stands. */
export interface SettledPosition {
  readonly partition: SourcePartition
  readonly position: SourcePosition
}

/** A batch under way: what it holds back, and whether the broker has it. */
interface Batch {
  readonly bytes: number
  durable: boolean
}

interface Held {
  readonly batch: Batch
  readonly position: SourcePosition
}

/**
 * Batches that were sent and are not yet known to be durable. Answers arrive in any order; positions leave in order: a partition's
 * position is committable once its own batches up to there are durable (invariant 1). Partitions do not wait for each other.
 */
export class InFlight {
  readonly #bytesMax: number
  readonly #held = new Map<string, { readonly partition: SourcePartition; readonly queue: Held[] }>()
  #bytes = 0
  #batches = 0
  #waiting: (() => void)[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes under way. */
  get bytes(): number {
    return this.#bytes
  }

  /** Batches under way. */
  get batches(): number {
    return this.#batches
  }

  /** Takes a batch. `positions`: where each partition stands behind it. The answer is to be given to `settle`. */
  submit(bytes: number, positions: readonly SettledPosition[]): Batch {
    const batch: Batch = { bytes, durable: false }
    this.#bytes += bytes
    this.#batches += 1
    for (const { partition, position } of positions) {
      const key = partitionKey(partition)
      let held = this.#held.get(key)
      if (held === undefined) this.#held.set(key, (held = { partition, queue: [] }))
      held.queue.push({ batch, position })
    }
    return batch
  }

  /** The batch is durable. */
  settle(batch: Batch): void {
    batch.durable = true
    this.#bytes -= batch.bytes
    this.#batches -= 1
    this.#wake()
  }

  /** The batch failed: it no longer occupies room, but its positions, and those behind, are never committable. */
  abandon(batch: Batch): void {
    this.#bytes -= batch.bytes
    this.#batches -= 1
    this.#wake()
  }

  /** Takes out what may be stored now: per partition, the last position of its durable prefix. */
  takeCommittable(): SettledPosition[] {
    const ready: SettledPosition[] = []
    for (const [key, { partition, queue }] of this.#held) {
      let done = 0
      while (done < queue.length && queue[done]!.batch.durable) done += 1
      if (done === 0) continue
      ready.push({ partition, position: queue[done - 1]!.position })
      if (done === queue.length) this.#held.delete(key)
      else queue.splice(0, done)
    }
    return ready
  }

  /** Resolves when there is room for another batch, or the signal is aborted. One batch always fits. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#bytes >= this.#bytesMax && !signal.aborted) await this.#change(signal)
  }

  /** Resolves when nothing is under way, or the signal is aborted. */
  async drained(signal: AbortSignal): Promise<void> {
    while (this.#batches > 0 && !signal.aborted) await this.#change(signal)
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done, { once: true })
      this.#waiting.push(done)
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

const KEYS = new WeakMap<SourcePartition, string>()

/** A source partition's JSON, written once for each object. */
export function partitionKey(partition: SourcePartition): string {
  let key = KEYS.get(partition)
  if (key === undefined) KEYS.set(partition, (key = positionText(partition)))
  return key
}

export type { Batch as InFlightBatch }
