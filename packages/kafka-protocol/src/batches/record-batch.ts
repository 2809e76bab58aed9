import { ProtocolError } from '../protocol-error.ts'
import { type Int64, readInt64 } from '../wire/int64.ts'
import * as layout from './batch-layout.ts'
import { BatchRecords } from './batch-records.ts'
import { type CompressionCodec, codecOf, decompress } from './compression.ts'

/** One record batch v2 as it lies in a buffer: its header is read, its records are not until `records` is called. */
export class RecordBatch {
  /** The whole batch: what a broker stores and serves, what a mirror may pass on. A view. */
  readonly bytes: Uint8Array
  readonly baseOffset: number
  /** The last offset that the batch covers, also if the record there was compacted away. */
  readonly lastOffset: number
  /** -1 when a producer wrote it. */
  readonly leaderEpoch: number
  readonly compression: CompressionCodec
  readonly timestampType: layout.TimestampType
  readonly isTransactional: boolean
  /** Control batches hold transaction markers, not data: see `controlType`. */
  readonly isControl: boolean
  /** -1 without idempotence. */
  readonly producerId: Int64
  readonly producerEpoch: number
  readonly baseSequence: number
  /** The sequence of the last record; wraps from 2^31 - 1 to 0. */
  readonly lastSequence: number
  /** Milliseconds. -1 in a batch without records. */
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** Records in the batch: 0 in one that compaction emptied. */
  readonly count: number
  readonly #decompressedBytesMax: number

  /** `bytes` is one whole batch: `readBatches` cuts and checks it. */
  constructor(bytes: Uint8Array, decompressedBytesMax: number) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const attributes = view.getInt16(layout.ATTRIBUTES)
    const lastOffsetDelta = view.getInt32(layout.LAST_OFFSET_DELTA)
    this.bytes = bytes
    this.baseOffset = offsetAt(view)
    this.lastOffset = this.baseOffset + lastOffsetDelta
    this.leaderEpoch = view.getInt32(layout.LEADER_EPOCH)
    this.compression = codecOf(attributes & layout.CODEC_MASK)
    this.timestampType = (attributes & layout.LOG_APPEND_TIME) === 0 ? 'create' : 'append'
    this.isTransactional = (attributes & layout.TRANSACTIONAL) !== 0
    this.isControl = (attributes & layout.CONTROL) !== 0
    this.producerId = readInt64(view, layout.PRODUCER_ID)
    this.producerEpoch = view.getInt16(layout.PRODUCER_EPOCH)
    this.baseSequence = view.getInt32(layout.BASE_SEQUENCE)
    this.lastSequence = layout.advanceSequence(this.baseSequence, lastOffsetDelta)
    this.baseTimestamp = Number(readInt64(view, layout.BASE_TIMESTAMP))
    this.maxTimestamp = Number(readInt64(view, layout.MAX_TIMESTAMP))
    this.count = view.getInt32(layout.RECORD_COUNT)
    this.#decompressedBytesMax = decompressedBytesMax
    if (this.count < 0 || lastOffsetDelta < 0) {
      throw new ProtocolError(
        'MALFORMED',
        `A batch announces ${this.count} records and ${lastOffsetDelta + 1} offsets`,
        {
          position: layout.LAST_OFFSET_DELTA,
        },
      )
    }
  }

  /**
   * Decompresses, if need be, and finds where every key, value and header lies. Raises `MALFORMED`, or `BATCH_TOO_LARGE` when
   * more bytes would come out than the reader allows. Call it once per batch.
   */
  records(): BatchRecords {
    const raw = this.bytes.subarray(layout.RECORDS)
    const source = this.count === 0 ? raw : decompress(this.compression, raw, this.#decompressedBytesMax)
    return new BatchRecords(source, this)
  }
}

function offsetAt(view: DataView): number {
  const offset = readInt64(view, layout.BASE_OFFSET)
  if (typeof offset === 'number' && offset >= 0) return offset
  throw new ProtocolError('MALFORMED', `${offset} is not an offset`, { position: layout.BASE_OFFSET })
}
