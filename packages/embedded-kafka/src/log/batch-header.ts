import { crc32c, batchLayout as layout } from '@sluice/kafka-protocol'

/** What a log needs of a record batch v2 to store and find it: its header, the records stay bytes. */
export interface BatchHeader {
  readonly baseOffset: number
  /** Of the whole batch, header included. */
  readonly length: number
  readonly leaderEpoch: number
  readonly magic: number
  readonly crc: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly count: number
}

export function readHeader(bytes: Buffer, at: number): BatchHeader {
  return {
    baseOffset: int64(bytes, at + layout.BASE_OFFSET),
    length: batchLength(bytes, at),
    leaderEpoch: bytes.readInt32BE(at + layout.LEADER_EPOCH),
    magic: bytes[at + layout.MAGIC]!,
    crc: bytes.readUInt32BE(at + layout.CRC),
    attributes: bytes.readInt16BE(at + layout.ATTRIBUTES),
    lastOffsetDelta: bytes.readInt32BE(at + layout.LAST_OFFSET_DELTA),
    baseTimestamp: int64(bytes, at + layout.BASE_TIMESTAMP),
    maxTimestamp: int64(bytes, at + layout.MAX_TIMESTAMP),
    producerId: int64(bytes, at + layout.PRODUCER_ID),
    producerEpoch: bytes.readInt16BE(at + layout.PRODUCER_EPOCH),
    baseSequence: bytes.readInt32BE(at + layout.BASE_SEQUENCE),
    count: bytes.readInt32BE(at + layout.RECORD_COUNT),
  }
}

export function batchLength(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at + layout.BATCH_LENGTH) + layout.LENGTH_OVERHEAD
}

export function baseOffsetOf(bytes: Buffer, at: number): number {
  return int64(bytes, at + layout.BASE_OFFSET)
}

export function lastOffsetOf(bytes: Buffer, at: number): number {
  return baseOffsetOf(bytes, at) + bytes.readInt32BE(at + layout.LAST_OFFSET_DELTA)
}

export function maxTimestampOf(bytes: Buffer, at: number): number {
  return int64(bytes, at + layout.MAX_TIMESTAMP)
}

export function isTransactional(header: BatchHeader): boolean {
  return (header.attributes & layout.TRANSACTIONAL) !== 0
}

export function isControl(header: BatchHeader): boolean {
  return (header.attributes & layout.CONTROL) !== 0
}

export function isLogAppendTime(header: BatchHeader): boolean {
  return (header.attributes & layout.LOG_APPEND_TIME) !== 0
}

/** A view of the same bytes. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Takes back the flag that the broker's time is meant. */
export function stampCreateTime(batch: Buffer): void {
  batch.writeInt16BE(batch.readInt16BE(layout.ATTRIBUTES) & ~layout.LOG_APPEND_TIME, layout.ATTRIBUTES)
  batch.writeUInt32BE(crc32c(batch.subarray(layout.ATTRIBUTES)), layout.CRC)
}

/** Offsets, timestamps and producer ids that brokers give out are safe integers; what is not loses precision, not its sign. */
function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4294967296 + bytes.readUInt32BE(at + 4)
}
