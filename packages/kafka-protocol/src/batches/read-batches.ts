import { crc32c } from '../crc32c.ts'
import { ProtocolError } from '../protocol-error.ts'
import * as layout from './batch-layout.ts'
import { RecordBatch } from './record-batch.ts'

export interface ReadBatchesOptions {
  /** Whether checksums are verified (`check.crcs`). Default true. */
  readonly checkCrc?: boolean
  /** The most bytes that one batch may decompress to. Default 256 MiB. */
  readonly decompressedBytesMax?: number
}

const DECOMPRESSED_BYTES_MAX = 256 * 1024 * 1024

/**
 * The record batches of a fetched partition, a produce request or a log segment, in order. A last batch that is cut off is left
 * out: brokers cut at byte limits. Raises `UNSUPPORTED_MAGIC` for message formats before v2, `CORRUPT_BATCH` for a checksum that
 * does not match, `MALFORMED` for lengths that cannot be.
 */
export function readBatches(bytes: Uint8Array, options: ReadBatchesOptions = {}): RecordBatch[] {
  const { checkCrc = true, decompressedBytesMax = DECOMPRESSED_BYTES_MAX } = options
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const batches: RecordBatch[] = []
  let at = 0
  // Magic and length stand at the same place in every message format.
  while (bytes.length - at > layout.MAGIC) {
    const magic = view.getInt8(at + layout.MAGIC)
    if (magic !== 2) throw unsupportedMagic(magic, at)
    const length = view.getInt32(at + layout.BATCH_LENGTH) + layout.LENGTH_OVERHEAD
    if (length < layout.RECORDS) {
      throw new ProtocolError('MALFORMED', `A record batch cannot be ${length} bytes long`, { position: at })
    }
    if (length > bytes.length - at) break
    const crc = view.getUint32(at + layout.CRC)
    if (checkCrc && crc32c(bytes.subarray(at + layout.ATTRIBUTES, at + length)) !== crc) throw corrupt(view, at)
    batches.push(new RecordBatch(bytes.subarray(at, at + length), decompressedBytesMax))
    at += length
  }
  return batches
}

function unsupportedMagic(magic: number, position: number): ProtocolError {
  return new ProtocolError('UNSUPPORTED_MAGIC', `A record batch has message format v${magic}; only v2 is read`, {
    position,
    remedy: 'Rewrite the topic with Kafka 0.11 or later, which stores message format v2.',
  })
}

function corrupt(view: DataView, position: number): ProtocolError {
  return new ProtocolError(
    'CORRUPT_BATCH',
    `The checksum of the record batch at offset ${view.getBigInt64(position)} does not match its bytes`,
    { position, remedy: 'Fetch again; if it stays, the log of that broker is damaged.' },
  )
}
