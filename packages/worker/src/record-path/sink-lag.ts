import type { FetchedPartition } from '@sluice/kafka'
import type { Clock, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import { keyOf } from './sink-positions.ts'

export interface PartitionLag extends TopicPartition {
  /** Records in the partition that have not been put. */
  readonly records: number
  /**
   * How old the last record is that was put, while there are others behind it; grows while the sink stands still. 0: none are. NaN: nothing
   * has been fetched yet.
   */
  readonly seconds: number
}

interface Seen extends TopicPartition {
  endOffset: number
  position: number
  /** Of the last record put, milliseconds since the epoch; before the first: of the first one fetched; before that: NaN. */
  timestamp: number
}

/** A partition that the task has been given: where it stands, and where the partition ends. */
export interface AssignedEnd extends TopicPartitionOffset {
  readonly position: number
}

/** How far a sink is behind its partitions, from what fetches say: nobody is asked for it. */
export class SinkLag {
  readonly #clock: Clock
  readonly #seen = new Map<string, Seen>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  assigned(ends: readonly AssignedEnd[]): void {
    for (const { topic, partition, offset, position } of ends) {
      const at = { topic, partition, endOffset: offset, position, timestamp: Number.NaN }
      if (!this.#seen.has(keyOf(at))) this.#seen.set(keyOf(at), at)
    }
  }

  fetched(fetched: readonly FetchedPartition[]): void {
    for (const { topic, partition, batches, highWatermark } of fetched) {
      const first = batches.find(({ count }) => count > 0)
      const seen = this.#seen.get(keyOf({ topic, partition }))
      if (seen !== undefined) {
        seen.endOffset = highWatermark
        if (first !== undefined && Number.isNaN(seen.timestamp)) seen.timestamp = first.timestamp(0)
      } else if (first !== undefined) {
        const at = {
          topic,
          partition,
          endOffset: highWatermark,
          position: first.offset(0),
          timestamp: first.timestamp(0),
        }
        this.#seen.set(keyOf(at), at)
      }
    }
  }

  put(fetched: readonly FetchedPartition[]): void {
    for (const { topic, partition, batches, nextOffset } of fetched) {
      const seen = this.#seen.get(keyOf({ topic, partition }))
      if (seen === undefined) continue
      seen.position = nextOffset
      const last = batches.at(-1)
      if (last !== undefined && last.count > 0) seen.timestamp = last.timestamp(last.count - 1)
    }
  }

  /** The sink went elsewhere, or does not have them any more: what comes next says where it is. */
  forget(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#seen.delete(keyOf(partition))
  }

  read(): readonly PartitionLag[] {
    const now = this.#clock.now()
    return Array.from(this.#seen.values(), ({ topic, partition, endOffset, position, timestamp }) => {
      const records = Math.max(0, endOffset - position)
      return { topic, partition, records, seconds: records === 0 ? 0 : Math.max(0, now - timestamp) / 1000 }
    })
  }
}
