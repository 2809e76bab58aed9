import { ApiError } from '../api/handler.ts'

/** Where a record batch v2 has its magic and its attributes: see `batch-layout.ts` of kafka-protocol. */
const MAGIC = 16
const ATTRIBUTES_LOW = 22
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const HEADER_BYTES = 61
const TRANSACTIONAL = 16
const CODEC_MASK = 7
const ZSTD = 4
/** The first version in which consumers can be relied on to know zstd (KIP-110). */
const ZSTD_SINCE = 7

/**
 * The one batch that a partition of a produce request must hold, in a form that the request's version allows; the log checks what is
 * in it. @throws ApiError INVALID_RECORD, UNSUPPORTED_COMPRESSION_TYPE
 */
export function checkForm(records: Uint8Array | null, version: number): Uint8Array {
  if (records === null || records.length <= MAGIC) {
    throw new ApiError('INVALID_RECORD', 'A produce request must have one record batch per partition')
  }
  const magic = records[MAGIC]!
  if (magic > 2) throw new ApiError('CORRUPT_MESSAGE', `Invalid magic found in record: ${magic}`)
  if (version < ZSTD_SINCE && records.length > ATTRIBUTES_LOW && (records[ATTRIBUTES_LOW]! & CODEC_MASK) === ZSTD) {
    throw new ApiError('UNSUPPORTED_COMPRESSION_TYPE', `Produce v${version} does not allow zstd`)
  }
  return records
}

export function isTransactionalBatch(records: Uint8Array): boolean {
  return records.length >= HEADER_BYTES && records[MAGIC] === 2 && (records[ATTRIBUTES_LOW]! & TRANSACTIONAL) !== 0
}

/** Who wrote a batch that `isTransactionalBatch`. */
export function producerOf(records: Uint8Array): { readonly producerId: number; readonly producerEpoch: number } {
  const view = new DataView(records.buffer, records.byteOffset, records.length)
  return { producerId: Number(view.getBigInt64(PRODUCER_ID)), producerEpoch: view.getInt16(PRODUCER_EPOCH) }
}
