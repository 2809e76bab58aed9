import { batchLayout as layout } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import { baseOffsetOf, batchLength, lastOffsetOf, maxTimestampOf } from './batch-header.ts'
import type { AbortedTransaction } from './producers.ts'
import { SegmentIndex } from './segment-index.ts'
import { GLANCE_BYTES_MAX, type LogFile } from './storage.ts'

/** What a segment knows of itself beside its bytes. */
export interface SegmentFacts {
  /** Behind the last record. */
  endOffset: number
  /** -1 without one. */
  maxTimestamp: number
  /** Of the first batch; -1 before it. Time to roll is counted from here. */
  firstTimestamp: number
  /** Those whose markers are here. */
  aborted: AbortedTransaction[]
}

/** A run of whole batches in one file, the newest of which takes appends, and where things are in it. */
export class Segment implements SegmentFacts {
  readonly baseOffset: number
  readonly file: LogFile
  index = new SegmentIndex()
  endOffset: number
  maxTimestamp = -1
  firstTimestamp = -1
  aborted: AbortedTransaction[] = []

  constructor(baseOffset: number, file: LogFile) {
    this.baseOffset = baseOffset
    this.file = file
    this.endOffset = baseOffset
  }

  get size(): number {
    return this.file.size
  }

  /** Notes a batch that is in the file now, at `position`. */
  wrote(
    position: number,
    baseOffset: number,
    lastOffset: number,
    maxTimestamp: number,
    indexIntervalBytes: number,
  ): void {
    if (position - this.index.lastPosition > indexIntervalBytes) {
      this.index.add(baseOffset - this.baseOffset, position, this.maxTimestamp)
    }
    if (position === 0) this.firstTimestamp = maxTimestamp
    if (maxTimestamp > this.maxTimestamp) this.maxTimestamp = maxTimestamp
    this.endOffset = lastOffset + 1
  }

  /** Where the batch begins that holds an offset, or the next one behind it; `size` if there is none. */
  positionOf(offset: number): number {
    if (offset >= this.endOffset) return this.size
    const { position } = this.index.floorOffset(offset - this.baseOffset)
    return this.#walk(position, (bytes, at) => lastOffsetOf(bytes, at) >= offset)
  }

  /** The last beginning of a batch at or before `limit`, which lies behind `position`, itself the beginning of one. */
  boundaryBefore(limit: number, position: number): number {
    if (limit >= this.size) return this.size
    let boundary = Math.max(position, this.index.floorPosition(limit).position)
    this.#walk(boundary, (bytes, at, from) => {
      const end = from + batchLength(bytes, at)
      if (end > limit) return true
      boundary = end
      return false
    })
    return boundary
  }

  /** The length of the batch at a position. */
  lengthAt(position: number): number {
    return batchLength(this.#headerAt(position), 0)
  }

  baseOffsetAt(position: number): number {
    return baseOffsetOf(this.#headerAt(position), 0)
  }

  /** The first batch with a record at or after a timestamp; `size` if there is none. */
  positionOfTimestamp(timestamp: number): number {
    const { position } = this.index.belowTimestamp(timestamp)
    return this.#walk(position, (bytes, at) => maxTimestampOf(bytes, at) >= timestamp)
  }

  /** One whole batch. */
  batchAt(position: number): Buffer {
    const views = this.file.read(position, this.lengthAt(position))
    return views.length === 1 ? views[0]! : Buffer.concat(views)
  }

  #headerAt(position: number): Buffer {
    return this.file.glance(position, layout.RECORDS)
  }

  /** Looks at the headers of batches from a position on until one is found; returns where it begins, or `size`. */
  #walk(from: number, isFound: (bytes: Buffer, at: number, position: number) => boolean): number {
    let position = from
    while (position < this.size) {
      const bytes = this.file.glance(position, Math.min(GLANCE_BYTES_MAX, this.size - position))
      if (bytes.length < layout.RECORDS) throw damaged(this.baseOffset, position)
      for (let at = 0; bytes.length - at >= layout.RECORDS;) {
        if (isFound(bytes, at, position)) return position
        const length = batchLength(bytes, at)
        if (length < layout.RECORDS) throw damaged(this.baseOffset, position)
        at += length
        position += length
      }
    }
    return this.size
  }
}

function damaged(baseOffset: number, position: number): ApiError {
  return new ApiError(
    'KAFKA_STORAGE_ERROR',
    `Segment ${baseOffset} is damaged at byte ${position}: there is no record batch.`,
  )
}
