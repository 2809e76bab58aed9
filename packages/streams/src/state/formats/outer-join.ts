/**
 * The shared store of left and outer stream-stream joins. Key: time (8), side (1: left), key. Value: Kafka's list of variable
 * elements, each one a side and the value's bytes.
 */

import { DataError } from '@sluice/sdk'
import type { JoinSide } from '../stores.ts'
import { readInt, readLong, writeLong } from './longs.ts'

const KEY_AT = 9
/** Kafka's `ListSerializer`: elements of different lengths. */
const VARIABLE_SIZE = 1

export function outerJoinKey(timestamp: number, side: JoinSide, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(KEY_AT + key.length)
  bytes[writeLong(bytes, timestamp, 0)] = side === 'left' ? 1 : 0
  bytes.set(key, KEY_AT)
  return bytes
}

export function readOuterJoinKey(bytes: Uint8Array): { timestamp: number; side: JoinSide; key: Uint8Array } {
  if (bytes.length < KEY_AT) throw new DataError('A key of the store of an outer join is cut off')
  return { timestamp: readLong(bytes, 0), side: bytes[8] === 1 ? 'left' : 'right', key: bytes.subarray(KEY_AT) }
}

/** The values of one key, time and side, in the order they came. */
export function outerJoinValue(side: JoinSide, values: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.reduce((sum, value) => sum + 5 + value.length, 5))
  bytes[0] = VARIABLE_SIZE
  let at = bytes.writeInt32BE(values.length, 1)
  for (const value of values) {
    at = bytes.writeInt32BE(value.length + 1, at)
    bytes[at] = side === 'left' ? 1 : 0
    bytes.set(value, at + 1)
    at += value.length + 1
  }
  return bytes
}

/** @throws DataError */
export function readOuterJoinValue(bytes: Uint8Array): Uint8Array[] {
  if (bytes[0] !== VARIABLE_SIZE || bytes.length < 5) throw new DataError('A value of an outer join’s store is no list')
  const values: Uint8Array[] = []
  let at = 5
  for (let left = readInt(bytes, 1); left > 0; left--) {
    const length = at + 4 > bytes.length ? -1 : readInt(bytes, at)
    if (length < 1 || at + 4 + length > bytes.length)
      throw new DataError('A value of the store of an outer join is cut off')
    values.push(bytes.subarray(at + 5, at + 4 + length))
    at += 4 + length
  }
  return values
}
