import type { FetchedPartition, FetchedRecords } from '@sluice/kafka'

/** What was fetched of one partition and is not processed yet, in order. */
export class InputQueue {
  readonly #batches: FetchedRecords[] = []
  /** One record that comes before all others. */
  #front: FetchedRecords | null = null
  #at = 0
  #bytes = 0
  #nextOffset = 0
  readonly #isolation: 'read_committed' | 'read_uncommitted'
  /**
   * The end of what can be read of the partition, as last heard of: there is nothing to wait for behind it. Of committed records that is
   * where the first open transaction begins.
   */
  endOffset: number

  constructor(endOffset: number, isolation: 'read_committed' | 'read_uncommitted') {
    this.endOffset = endOffset
    this.#isolation = isolation
  }

  push({ batches, nextOffset, highWatermark, lastStableOffset }: FetchedPartition): void {
    for (const batch of batches) {
      if (batch.count === 0) continue
      this.#batches.push(batch)
      this.#bytes += batch.bytes
    }
    this.#nextOffset = nextOffset
    this.endOffset = Math.max(this.endOffset, this.#isolation === 'read_committed' ? lastStableOffset : highWatermark)
  }

  /** Where the partition goes on behind all of it: also over control records and gaps. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0 && this.#front === null
  }

  /** Puts one record before all others. It takes no part in `bytes`, and none is there already. */
  unshift(record: FetchedRecords): void {
    this.#front = record
  }

  /** The batch of the next record, and where the record is in it: see `at`. */
  get batch(): FetchedRecords {
    return this.#front ?? this.#batches[0]!
  }

  get at(): number {
    return this.#front === null ? this.#at : 0
  }

  /** Of the next record, in milliseconds; Infinity where there is none. */
  get headTime(): number {
    return this.isEmpty ? Infinity : this.batch.timestamp(this.at)
  }

  /** The next record is dealt with. Returns where the partition goes on. */
  shift(): number {
    if (this.#front !== null) {
      const offset = this.#front.offset(0)
      this.#front = null
      return offset + 1
    }
    const batch = this.#batches[0]!
    const offset = batch.offset(this.#at)
    this.#at += 1
    if (this.#at < batch.count) return offset + 1
    this.#at = 0
    this.#batches.shift()
    this.#bytes -= batch.bytes
    return this.#batches.length === 0 ? Math.max(offset + 1, this.#nextOffset) : offset + 1
  }

  /** Where an empty queue goes on, if the last that came moves it. */
  settledAt(position: number): number {
    return this.isEmpty ? Math.max(position, this.#nextOffset) : position
  }
}
