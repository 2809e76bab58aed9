import { COMPRESSION_CODECS, batchLayout as layout, compress, crc32c, readBatches } from '@sluice/kafka-protocol'
import { type BatchHeader, isLogAppendTime } from './batch-header.ts'

/** Whether a record stays; keys and values are null or views. */
export type Verdict = (key: Uint8Array | null, isTombstone: boolean, offset: number) => boolean

/**
 * A data batch without the records that do not stay. It keeps its offsets, sequences and producer; the bytes of the records that
 * stay are copied as they are, since what they count from is the same. Null if none stays; the batch itself if all do.
 */
export function withoutRecords(batch: Buffer, header: BatchHeader, isKept: Verdict): Buffer | null {
  if (header.count === 0) return null
  const records = readBatches(batch, { checkCrc: false })[0]!.records()
  const { source } = records
  const kept: Uint8Array[] = []
  let maxTimestamp = -1
  let at = 0
  for (let i = 0; i < records.count; i++) {
    const end = endOfRecord(source, at)
    if (isKept(records.key(i), records.valueLength(i) < 0, records.offset(i))) {
      kept.push(source.subarray(at, end))
      maxTimestamp = Math.max(maxTimestamp, records.timestamp(i))
    }
    at = end
  }
  if (kept.length === records.count) return batch
  if (kept.length === 0) return null
  const codec = COMPRESSION_CODECS[header.attributes & layout.CODEC_MASK]!
  const section = compress(codec, Buffer.concat(kept))
  return withSection(batch, section, kept.length, isLogAppendTime(header) ? header.maxTimestamp : maxTimestamp)
}

/** A batch of no records: it tells that these offsets are gone, and which sequence its producer had reached. */
export function withoutAnyRecord(batch: Buffer, header: BatchHeader): Buffer {
  const empty = withSection(batch, new Uint8Array(0), 0, header.maxTimestamp)
  const attributes = header.attributes & ~layout.CODEC_MASK
  empty.writeInt16BE(attributes, layout.ATTRIBUTES)
  return stamped(empty)
}

function withSection(batch: Buffer, section: Uint8Array, count: number, maxTimestamp: number): Buffer {
  const changed = Buffer.allocUnsafe(layout.RECORDS + section.length)
  batch.copy(changed, 0, 0, layout.RECORDS)
  changed.set(section, layout.RECORDS)
  changed.writeInt32BE(changed.length - layout.LENGTH_OVERHEAD, layout.BATCH_LENGTH)
  changed.writeInt32BE(count, layout.RECORD_COUNT)
  changed.writeBigInt64BE(BigInt(maxTimestamp), layout.MAX_TIMESTAMP)
  return stamped(changed)
}

function stamped(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(layout.ATTRIBUTES)), layout.CRC)
  return batch
}

function endOfRecord(source: Uint8Array, from: number): number {
  let at = from
  let x = source[at++]!
  let zigzag = x & 127
  for (let shift = 7; x > 127; shift += 7) {
    x = source[at++]!
    zigzag |= (x & 127) << shift
  }
  return at + ((zigzag >>> 1) ^ -(zigzag & 1))
}
