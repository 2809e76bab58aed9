/**
 * Keys of entries in LMDB. They are our own, not Kafka Streams', because they must be in the order of the stores and no key may be taken
 * for another: a zero byte of the key becomes 00 FF, and 00 00 ends it; then time (8) and number (8), with the sign turned.
 */

import { SluiceError } from '@sluice/sdk'
import { readLong, writeLong } from '../formats/longs.ts'

const SUFFIX_BYTES = 18
/** What LMDB takes for a key with pages of 4 KiB. */
const KEY_BYTES_MAX = 1978
const SIGN = 0x80
/** Before each key of a table without times. */
export const KEY_MARK = 1
const LEAST = -(2 ** 53)
const MOST = 2 ** 53

/** The key of a table without times: LMDB has no key of no bytes, and walks past a single 0, so that a 1 stands before each. */
export function plainRowKey(store: string, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + 1)
  bytes[0] = KEY_MARK
  bytes.set(key, 1)
  return checked(store, bytes)
}

/** The key of an entry, without its time. */
export function keyPart(key: Uint8Array): Uint8Array {
  const first = key.indexOf(0)
  if (first < 0) return key
  const escaped: number[] = []
  for (const byte of key) {
    escaped.push(byte)
    if (byte === 0) escaped.push(0xff)
  }
  return Uint8Array.from(escaped)
}

export function timeRowKey(store: string, part: Uint8Array, time: number, number: number): Buffer {
  const bytes = Buffer.allocUnsafe(part.length + SUFFIX_BYTES)
  bytes.set(part)
  bytes.writeUInt16BE(0, part.length)
  let at = part.length + 2
  for (const one of [time, number]) {
    writeLong(bytes, Math.min(Math.max(one, LEAST), MOST), at)
    bytes[at]! ^= SIGN
    at += 8
  }
  return checked(store, bytes)
}

/** `part` is what `keyPart` made of the key. */
export function readTimeRowKey(bytes: Uint8Array): { part: Uint8Array; time: number; number: number } {
  const end = bytes.length - SUFFIX_BYTES
  return { part: bytes.subarray(0, end), time: turned(bytes, end + 2), number: turned(bytes, end + 10) }
}

/** Every zero is followed by an FF that was put there. */
export function keyOfPart(part: Uint8Array): Uint8Array {
  return part.includes(0) ? part.filter((_, at) => at === 0 || part[at - 1] !== 0) : part
}

function turned(bytes: Uint8Array, at: number): number {
  return readLong(bytes, at, SIGN)
}

function checked(store: string, bytes: Buffer): Buffer {
  checkRowKey(store, bytes.length)
  return bytes
}

/** @throws SluiceError RECORD_TOO_LARGE */
export function checkRowKey(store: string, bytes: number): void {
  if (bytes <= KEY_BYTES_MAX) return
  throw new SluiceError('RECORD_TOO_LARGE', `A key of store ${store} is too long for a store on disk`, {
    place: { bytes, limit: KEY_BYTES_MAX },
    remedy: 'Use shorter keys, or keep the store in memory.',
  })
}
