import {
  type BatchRecords,
  type Int64,
  ProtocolError,
  type RecordBatch,
  controlType,
  readBatches,
} from '@sluice/kafka-protocol'
import type { Isolation } from '../list-offsets.ts'
import type { FetchedRecords } from '../port.ts'
import type { LentFrame } from '../wire/frame-memory.ts'
import { FetchedBatch, LentBatch } from './fetched-batch.ts'

/** A transaction that was aborted, as a fetch response lists it: its records from `firstOffset` to its marker do not count. */
export interface AbortedTransaction {
  readonly producerId: Int64
  readonly firstOffset: Int64
}

/** What a broker sent for one partition. */
export interface RawPartition {
  readonly records: Uint8Array
  readonly aborted: readonly AbortedTransaction[]
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
}

/** Records taken from what was read ahead. */
export interface Taken {
  readonly batches: readonly FetchedRecords[]
  /** Bytes of keys, values and headers in `batches`, decompressed. */
  readonly bytes: number
  readonly nextOffset: number
  /** The leader epoch of the last batch that `nextOffset` moved over; -1 when there was none, or it does not say. */
  readonly leaderEpoch: number
}

/**
 * What a broker sent for one partition, decoded as it is taken. Batches and records before the position are skipped (a broker
 * sends whole batches), and so are control batches and, for `read_committed`, aborted transactions; `nextOffset` moves over them
 * all.
 *
 * A broker lists every aborted transaction that overlaps what it sends, also one that began before it or ends behind it: what
 * is open at the end of one answer is listed again in the next. Several can be open at once, and several of one producer can
 * follow each other in one answer.
 */
export class ReadAhead {
  readonly raw: RawPartition
  readonly #isolation: Isolation
  /** The answer, until all of it has been taken. */
  #frame: LentFrame | null
  #batches: readonly RecordBatch[] | undefined
  #at = 0
  /** What is wrong with the bytes behind `#batches`. */
  #damage: unknown
  #aborted: readonly AbortedTransaction[] = []
  #begun = 0
  readonly #open = new Set<Int64>()

  /** @param frame where the answer lies, if its memory is given back when all of it has been taken and released */
  constructor(raw: RawPartition, isolation: Isolation, frame: LentFrame | null = null) {
    this.raw = raw
    this.#isolation = isolation
    this.#frame = frame
    frame?.hold()
  }

  /** Whether all of it has been taken. */
  get isEmpty(): boolean {
    return this.#batches !== undefined && this.#at >= this.#batches.length && this.#damage === undefined
  }

  /** Bytes that are held as long as this is: the whole answer, of which it is a part. */
  get heldBytes(): number {
    return this.raw.records.buffer.byteLength
  }

  /**
   * Records from `position` on, until there are `bytesMax` bytes of them: at least a batch if there is one. What lies before
   * damaged bytes is returned first.
   * @throws ProtocolError when what comes next is not a record batch, or its checksum does not match
   */
  take(position: number, bytesMax: number): Taken {
    this.#batches ??= this.#read()
    const batches: FetchedRecords[] = []
    let [nextOffset, leaderEpoch, bytes] = [position, -1, 0]
    while (this.#at < this.#batches.length && (bytes === 0 || bytes < bytesMax)) {
      const batch = this.#batches[this.#at]!
      const records = this.#recordsOf(batch, position)
      if (this.#damage !== undefined && this.#at >= this.#batches.length) break
      this.#at++
      if (batch.lastOffset < position) continue
      nextOffset = batch.lastOffset + 1
      leaderEpoch = batch.leaderEpoch
      if (records === null) continue
      let from = 0
      while (from < records.count && records.offset(from) < position) from++
      if (from === records.count) continue
      const isLent = this.#frame !== null && batch.compression === 'none'
      const fetched = isLent ? new LentBatch(records, from, this.#frame!) : new FetchedBatch(records, from)
      bytes += fetched.bytes
      batches.push(fetched)
    }
    if (nextOffset === position && this.#damage !== undefined) throw this.#damage
    if (this.isEmpty) {
      this.#frame?.letGo()
      this.#frame = null
    }
    return { batches, bytes, nextOffset, leaderEpoch }
  }

  #read(): readonly RecordBatch[] {
    const { records, aborted } = this.raw
    if (this.#isolation === 'read_committed') {
      this.#aborted = aborted.toSorted((a, b) => Number(a.firstOffset) - Number(b.firstOffset))
    }
    try {
      return readBatches(records)
    } catch (error) {
      this.#damage = error
      return error instanceof ProtocolError ? readBatches(records.subarray(0, error.position ?? 0)) : []
    }
  }

  #recordsOf(batch: RecordBatch, position: number): BatchRecords | null {
    try {
      return this.#isData(batch) && batch.lastOffset >= position ? batch.records() : null
    } catch (error) {
      this.#damage = error
      this.#batches = this.#batches!.slice(0, this.#at)
      return null
    }
  }

  /** Whether a batch holds records to return. Keeps account of the aborted transactions that are open at it. */
  #isData(batch: RecordBatch): boolean {
    const aborted = this.#aborted
    while (this.#begun < aborted.length && Number(aborted[this.#begun]!.firstOffset) <= batch.lastOffset) {
      this.#open.add(aborted[this.#begun++]!.producerId)
    }
    if (batch.isControl) {
      const { producerId } = batch
      if (this.#open.has(producerId) && controlType(batch.records()) === 'abort') this.#open.delete(producerId)
      return false
    }
    return batch.count > 0 && !(batch.isTransactional && this.#open.has(batch.producerId))
  }
}
