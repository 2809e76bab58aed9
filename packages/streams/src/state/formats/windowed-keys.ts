/**
 * Keys of windows, as bytes. Stores and changelogs: key, start, number (window stores); key, end, start (session stores). Topics: key,
 * start (windows; the size is not in the bytes); key, end, start (sessions).
 */

import { readInt, readLong, writeLong } from './longs.ts'

const LONG = 8
const INT = 4

/** What the key of a window store has behind the key. */
export const WINDOW_STORE_END = {
  bytes: LONG + INT,
  write(key: Buffer, start: number, sequence: number): void {
    key.writeInt32BE(sequence, writeLong(key, start, key.length - LONG - INT))
  },
}

/** What the key of a session has behind the key. */
export const SESSION_END = {
  bytes: LONG + LONG,
  write(key: Buffer, end: number, start: number): void {
    writeLong(key, start, writeLong(key, end, key.length - LONG - LONG))
  },
}

export function windowStoreKey(key: Uint8Array, start: number, sequence: number): Buffer {
  const bytes = withRoom(key, WINDOW_STORE_END.bytes)
  WINDOW_STORE_END.write(bytes, start, sequence)
  return bytes
}

export function readWindowStoreKey(bytes: Uint8Array): { key: Uint8Array; start: number; sequence: number } {
  const end = bytes.length - LONG - INT
  return { key: bytes.subarray(0, end), start: readLong(bytes, end), sequence: readInt(bytes, end + LONG) }
}

export function windowedKey(key: Uint8Array, start: number): Buffer {
  const bytes = withRoom(key, LONG)
  writeLong(bytes, start, key.length)
  return bytes
}

export function readWindowedKey(bytes: Uint8Array): { key: Uint8Array; start: number } {
  const end = bytes.length - LONG
  return { key: bytes.subarray(0, end), start: readLong(bytes, end) }
}

export function sessionKey(key: Uint8Array, start: number, end: number): Buffer {
  const bytes = withRoom(key, SESSION_END.bytes)
  SESSION_END.write(bytes, end, start)
  return bytes
}

export function readSessionKey(bytes: Uint8Array): { key: Uint8Array; start: number; end: number } {
  const at = bytes.length - LONG - LONG
  return { key: bytes.subarray(0, at), end: readLong(bytes, at), start: readLong(bytes, at + LONG) }
}

function withRoom(key: Uint8Array, more: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.length + more)
  bytes.set(key)
  return bytes
}
