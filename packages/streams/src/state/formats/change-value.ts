/**
 * Changes of a table on the repartition topic of its grouping (KIP-904): the new value and 01, the old value and 00, or both: the
 * length of the new one (a varint of Kafka's, zigzag), the new, the old, and 02.
 */

import { DataError } from '@sluice/sdk'

const OLD_ONLY = 0
const NEW_ONLY = 1
const BOTH = 2

/** @throws DataError when both are null */
export function writeChange(newValue: Uint8Array | null, oldValue: Uint8Array | null): Buffer {
  if (newValue !== null && oldValue !== null) {
    const length = varint(newValue.length)
    return Buffer.concat([length, newValue, oldValue, Buffer.of(BOTH)])
  }
  if (newValue !== null) return Buffer.concat([newValue, Buffer.of(NEW_ONLY)])
  if (oldValue !== null) return Buffer.concat([oldValue, Buffer.of(OLD_ONLY)])
  throw new DataError('A change without an old and a new value cannot be written')
}

/** @throws DataError for bytes that are no change */
export function readChange(bytes: Uint8Array): { newValue: Uint8Array | null; oldValue: Uint8Array | null } {
  const end = bytes.length - 1
  const flag = bytes[end]
  if (flag === NEW_ONLY) return { newValue: bytes.subarray(0, end), oldValue: null }
  if (flag === OLD_ONLY) return { newValue: null, oldValue: bytes.subarray(0, end) }
  if (flag !== BOTH)
    throw new DataError(`The change of a table ends in ${flag ?? 'nothing'}, which is none of 0, 1 and 2`)
  let length = 0
  let at = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    if (byte === undefined || shift > 28) throw new DataError('The change of a table is cut off')
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  if ((length & 1) !== 0) throw new DataError('The change of a table has a value of less than no bytes')
  length >>>= 1
  if (at + length > end) throw new DataError('The change of a table is cut off')
  return { newValue: bytes.subarray(at, at + length), oldValue: bytes.subarray(at + length, end) }
}

/** Zigzag of a number that is not negative: twice it; seven bits a byte, lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value * 2
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
