import { crc32c } from '../crc32c.ts'
import { ProtocolError } from '../protocol-error.ts'
import { type Int64, writeInt64 } from '../wire/int64.ts'
import * as layout from './batch-layout.ts'
import { type CompressionCodec, codecId, compress } from './compression.ts'
import { putDelta, putText, putVarint, sizeOfDelta, sizeOfText, sizeOfVarint } from './varint.ts'

/** Timestamps of one batch lie closer together than this. */
const DELTA_LIMIT = 2 ** 52

/** What a batch says about itself beyond its records. */
export interface SealOptions {
  /** Default `none`. A batch that would not fit its buffer compressed stays uncompressed. */
  readonly compression?: CompressionCodec
  /** The codec's own level; default the codec's default. */
  readonly compressionLevel?: number | undefined
  /** Idempotence: -1, -1, -1 is none (the default). */
  readonly producerId?: Int64
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** What a broker stamps; a producer leaves 0 and -1. */
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  /** Where offsets behind the last record were compacted away; default the last record's delta. */
  readonly lastOffsetDelta?: number
  /** What compaction keeps of a batch whose newest records it removed; default the newest record's timestamp. */
  readonly maxTimestamp?: number
  /** Milliseconds; makes it a batch with the broker's time for every record. */
  readonly logAppendTime?: number
}

/** The most bytes a batch of this one record takes: what to lease for a record that is larger than usual. */
export function batchSizeBound(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly layout.RecordHeader[] | null,
): number {
  let bound = layout.RECORDS + 36 + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers !== null)
    for (const { key: name, value: text } of headers) bound += 10 + name.length * 3 + (text?.length ?? 0)
  return bound
}

/**
 * Writes records straight into a buffer that its caller leases for as long as the batch lives, and seals them into a record
 * batch v2 (KIP-98). Order of calls: `append` until it returns false or enough is in, then `seal` once; `reset` starts over.
 */
export class BatchAppender {
  #bytes: Uint8Array
  #position = layout.RECORDS
  #count = 0
  #baseTimestamp = -1
  #maxTimestamp = -1
  #lastOffsetDelta = -1
  #isSealed = false

  /** `buffer` holds at least the 61 bytes of a batch's header. */
  constructor(buffer: Uint8Array) {
    this.#bytes = checked(buffer)
  }

  /** Records appended so far. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the batch so far, before compression. */
  get length(): number {
    return this.#position
  }

  /** Begins an empty batch in this buffer. */
  reset(buffer: Uint8Array): void {
    this.#bytes = checked(buffer)
    this.#position = layout.RECORDS
    this.#count = 0
    this.#baseTimestamp = -1
    this.#maxTimestamp = -1
    this.#lastOffsetDelta = -1
    this.#isSealed = false
  }

  /**
   * Adds a record: false, and nothing written, if it does not fit. `timestamp` is milliseconds since the epoch and may lie
   * before the first record's. `offsetDelta` is for a broker that keeps the gaps of a compacted batch; it only grows.
   */
  append(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly layout.RecordHeader[] | null = null,
    offsetDelta: number = this.#lastOffsetDelta + 1,
  ): boolean {
    if (this.#isSealed) return false
    const bytes = this.#bytes
    const count = this.#count
    const delta = count === 0 ? 0 : timestamp - this.#baseTimestamp
    if (!Number.isSafeInteger(timestamp) || delta >= DELTA_LIMIT || delta <= -DELTA_LIMIT) throw badTimestamp(timestamp)
    const keyLength = key === null ? 0 : key.length
    const valueLength = value === null ? 0 : value.length
    const body =
      1 +
      sizeOfDelta(delta) +
      sizeOfVarint(offsetDelta) +
      (key === null ? 1 : sizeOfVarint(keyLength) + keyLength) +
      (value === null ? 1 : sizeOfVarint(valueLength) + valueLength) +
      (headers === null ? 1 : sizeOfHeaders(headers))
    let p = this.#position
    if (p + sizeOfVarint(body) + body > bytes.length) return false
    p = putVarint(bytes, p, body)
    bytes[p++] = 0
    p = putDelta(bytes, p, delta)
    p = putVarint(bytes, p, offsetDelta)
    p = putBytes(bytes, p, key)
    p = putBytes(bytes, p, value)
    if (headers === null) bytes[p++] = 0
    else p = putHeaders(bytes, p, headers)
    this.#position = p
    this.#count = count + 1
    this.#lastOffsetDelta = offsetDelta
    if (count === 0) this.#baseTimestamp = this.#maxTimestamp = timestamp
    else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    return true
  }

  /** Writes the header and the checksum; returns the batch as a view of the buffer. Nothing can be appended afterwards. */
  seal(options: SealOptions = {}): Uint8Array {
    if (this.#isSealed)
      throw new ProtocolError('INVALID_MESSAGE', 'The batch is sealed already', { remedy: 'Call reset first.' })
    this.#isSealed = true
    const bytes = this.#bytes
    const codec = this.#compress(options)
    const attributes =
      codecId(codec) |
      (options.logAppendTime === undefined ? 0 : layout.LOG_APPEND_TIME) |
      (options.isTransactional === true ? layout.TRANSACTIONAL : 0) |
      (options.isControl === true ? layout.CONTROL : 0)
    const view = viewOf(bytes)
    writeInt64(view, layout.BASE_OFFSET, options.baseOffset ?? 0)
    view.setInt32(layout.BATCH_LENGTH, this.#position - layout.LENGTH_OVERHEAD)
    view.setInt32(layout.LEADER_EPOCH, options.leaderEpoch ?? -1)
    view.setInt8(layout.MAGIC, 2)
    view.setInt16(layout.ATTRIBUTES, attributes)
    view.setInt32(layout.LAST_OFFSET_DELTA, options.lastOffsetDelta ?? this.#lastOffsetDelta)
    writeInt64(view, layout.BASE_TIMESTAMP, this.#baseTimestamp)
    writeInt64(view, layout.MAX_TIMESTAMP, options.logAppendTime ?? options.maxTimestamp ?? this.#maxTimestamp)
    writeInt64(view, layout.PRODUCER_ID, options.producerId ?? -1)
    view.setInt16(layout.PRODUCER_EPOCH, options.producerEpoch ?? -1)
    view.setInt32(layout.BASE_SEQUENCE, options.baseSequence ?? -1)
    view.setInt32(layout.RECORD_COUNT, this.#count)
    const batch = bytes.subarray(0, this.#position)
    stampCrc(batch, view)
    return batch
  }

  /** Replaces the records by their compressed form, if that fits; returns the codec they are in now. */
  #compress(options: SealOptions): CompressionCodec {
    const codec = options.compression ?? 'none'
    if (codec === 'none' || this.#count === 0) return 'none'
    const compressed = compress(codec, this.#bytes.subarray(layout.RECORDS, this.#position), options.compressionLevel)
    if (layout.RECORDS + compressed.length > this.#bytes.length) return 'none'
    this.#bytes.set(compressed, layout.RECORDS)
    this.#position = layout.RECORDS + compressed.length
    return codec
  }
}

/**
 * Gives a sealed batch another producer identity: after an epoch bump, or when a batch that was never sent is numbered again.
 * A retry must not do this: a broker recognises a duplicate by the identity it had.
 */
export function restampProducer(
  batch: Uint8Array,
  identity: { readonly producerId: Int64; readonly producerEpoch: number; readonly baseSequence: number },
): void {
  const view = viewOf(batch)
  writeInt64(view, layout.PRODUCER_ID, identity.producerId)
  view.setInt16(layout.PRODUCER_EPOCH, identity.producerEpoch)
  view.setInt32(layout.BASE_SEQUENCE, identity.baseSequence)
  stampCrc(batch, view)
}

/** Stamps where a broker put the batch. The checksum does not cover these fields. */
export function stampOffset(batch: Uint8Array, baseOffset: number, leaderEpoch: number): void {
  const view = viewOf(batch)
  writeInt64(view, layout.BASE_OFFSET, baseOffset)
  view.setInt32(layout.LEADER_EPOCH, leaderEpoch)
}

/** Gives every record of the batch the broker's time (`message.timestamp.type=LogAppendTime`), in milliseconds. */
export function stampLogAppendTime(batch: Uint8Array, timestamp: number): void {
  const view = viewOf(batch)
  view.setInt16(layout.ATTRIBUTES, view.getInt16(layout.ATTRIBUTES) | layout.LOG_APPEND_TIME)
  writeInt64(view, layout.MAX_TIMESTAMP, timestamp)
  stampCrc(batch, view)
}

function stampCrc(batch: Uint8Array, view: DataView): void {
  view.setUint32(layout.CRC, crc32c(batch.subarray(layout.ATTRIBUTES)))
}

function badTimestamp(timestamp: number): ProtocolError {
  return new ProtocolError('INVALID_MESSAGE', `${timestamp} is not a timestamp that this batch can carry`, {
    remedy: 'Give whole milliseconds since the epoch.',
  })
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function checked(buffer: Uint8Array): Uint8Array {
  if (buffer.length >= layout.RECORDS) return buffer
  throw new ProtocolError('INVALID_MESSAGE', `A batch needs more than the ${buffer.length} bytes of its buffer`, {
    remedy: 'Lease a buffer of at least batchSizeBound() bytes.',
  })
}

function putBytes(bytes: Uint8Array, position: number, value: Uint8Array | null): number {
  let p = position
  if (value === null) {
    bytes[p++] = 1
    return p
  }
  p = putVarint(bytes, p, value.length)
  bytes.set(value, p)
  return p + value.length
}

function sizeOfHeaders(headers: readonly layout.RecordHeader[]): number {
  let size = sizeOfVarint(headers.length)
  for (let i = 0; i < headers.length; i++) {
    const { key, value } = headers[i]!
    const keyLength = sizeOfText(key)
    size += sizeOfVarint(keyLength) + keyLength + (value === null ? 1 : sizeOfVarint(value.length) + value.length)
  }
  return size
}

function putHeaders(bytes: Uint8Array, position: number, headers: readonly layout.RecordHeader[]): number {
  let p = putVarint(bytes, position, headers.length)
  for (let i = 0; i < headers.length; i++) {
    const { key, value } = headers[i]!
    const keyLength = sizeOfText(key)
    p = putVarint(bytes, p, keyLength)
    p = putText(bytes, p, key, keyLength)
    p = putBytes(bytes, p, value)
  }
  return p
}
