/** Where the fields of a record batch v2 stand, from its first byte. The checksum covers everything from `ATTRIBUTES` on. */
export const BASE_OFFSET = 0
export const BATCH_LENGTH = 8
export const LEADER_EPOCH = 12
export const MAGIC = 16
export const CRC = 17
export const ATTRIBUTES = 21
export const LAST_OFFSET_DELTA = 23
export const BASE_TIMESTAMP = 27
export const MAX_TIMESTAMP = 35
export const PRODUCER_ID = 43
export const PRODUCER_EPOCH = 51
export const BASE_SEQUENCE = 53
export const RECORD_COUNT = 57
export const RECORDS = 61

/** `BATCH_LENGTH` counts the bytes behind itself. */
export const LENGTH_OVERHEAD = 12

/** Bits of the attributes. */
export const CODEC_MASK = 7
export const LOG_APPEND_TIME = 8
export const TRANSACTIONAL = 16
export const CONTROL = 32

/** A record takes at least this: its length, attributes, two deltas, two lengths and a header count, a byte each. */
export const RECORD_SIZE_MIN = 7

/** A header of a record. Keys are text, values bytes or null. */
export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Whose timestamp a record carries: the producer's, or the broker's when it appended. */
export type TimestampType = 'create' | 'append'

const SEQUENCE_MAX = 0x7fffffff

/** The sequence `by` records later: after 2^31 - 1 comes 0. -1 (no sequence) stays -1. */
export function advanceSequence(sequence: number, by: number): number {
  if (sequence < 0) return sequence
  return sequence > SEQUENCE_MAX - by ? by - (SEQUENCE_MAX - sequence) - 1 : sequence + by
}
