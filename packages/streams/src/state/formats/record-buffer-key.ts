/** Keys of the buffer of a stream-table join with grace: 00, time (8), key, number (4). */

import { DataError } from '@sluice/sdk'
import { readInt, readLong, writeLong } from './longs.ts'

const KEY_AT = 9

export function recordBufferKey(time: number, key: Uint8Array, sequence: number): Buffer {
  const bytes = Buffer.allocUnsafe(KEY_AT + key.length + 4)
  bytes[0] = 0
  bytes.set(key, writeLong(bytes, time, 1))
  bytes.writeInt32BE(sequence, KEY_AT + key.length)
  return bytes
}

/** @throws DataError */
export function readRecordBufferKey(bytes: Uint8Array): { time: number; key: Uint8Array; sequence: number } {
  const end = bytes.length - 4
  if (end < KEY_AT) throw new DataError('A key of the buffer of a join is cut off')
  return { time: readLong(bytes, 1), key: bytes.subarray(KEY_AT, end), sequence: readInt(bytes, end) }
}
