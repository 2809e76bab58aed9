import type { BatchRecords } from '@sluice/kafka-protocol'
import { type RawHeader, SluiceError, type TimestampType } from '@sluice/sdk'
import type { FetchedRecords } from '../port.ts'
import type { LentFrame } from '../wire/frame-memory.ts'

/** The records of a batch from one of them on. */
export class FetchedBatch implements FetchedRecords {
  readonly count: number
  readonly bytes: number
  readonly timestampType: TimestampType
  protected readonly records: BatchRecords
  protected readonly from: number

  constructor(records: BatchRecords, from: number) {
    this.count = records.count - from
    this.bytes = Math.ceil((records.source.length * this.count) / records.count)
    this.timestampType = records.timestampType
    this.records = records
    this.from = from
  }

  offset(i: number): number {
    return this.records.offset(this.from + i)
  }

  timestamp(i: number): number {
    return this.records.timestamp(this.from + i)
  }

  key(i: number): Uint8Array | null {
    return this.records.key(this.from + i)
  }

  value(i: number): Uint8Array | null {
    return this.records.value(this.from + i)
  }

  headers(i: number): readonly RawHeader[] | null {
    return this.records.headers(this.from + i)
  }

  release(): void {
    this.records.release()
  }
}

/** So much is copied at a time: it is garbage fifty records later, mostly before a collection could take it for something that stays. */
const PIECE_BYTES = 8 * 1024
const NOTHING = Buffer.alloc(0)

/** Records that lie in an answer whose memory is used again. What is handed out of them is copied, a piece for many records. */
export class LentBatch extends FetchedBatch {
  #frame: LentFrame | null
  #piece = NOTHING
  #pieceAt = 0

  constructor(records: BatchRecords, from: number, frame: LentFrame) {
    super(records, from)
    this.#frame = frame
    frame.hold()
  }

  override key(i: number): Uint8Array | null {
    const { records, from } = this
    return this.#copy(records.keyPosition(from + i), records.keyLength(from + i))
  }

  override value(i: number): Uint8Array | null {
    const { records, from } = this
    return this.#copy(records.valuePosition(from + i), records.valueLength(from + i))
  }

  override headers(i: number): readonly RawHeader[] | null {
    const headers = super.headers(i)
    return headers?.map(({ key, value }) => ({ key, value: value === null ? null : Buffer.from(value) })) ?? null
  }

  override release(): void {
    super.release()
    this.#frame?.letGo()
    this.#frame = null
    this.#piece = NOTHING
  }

  #copy(at: number, length: number): Uint8Array | null {
    if (length < 0) return null
    const start = at - this.#pieceAt
    if (start >= 0 && start + length <= this.#piece.length) return this.#piece.subarray(start, start + length)
    const { source } = this.records
    if (this.#frame === null) throw new SluiceError('INTERNAL', 'Records are read that have been released')
    const piece = Buffer.allocUnsafeSlow(Math.min(Math.max(length, PIECE_BYTES), source.length - at))
    piece.set(source.subarray(at, at + piece.length))
    this.#piece = piece
    this.#pieceAt = at
    return piece.subarray(0, length)
  }
}
