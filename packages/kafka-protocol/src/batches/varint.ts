/**
 * Zigzag varints as records use them. Lengths and offset deltas are never negative when written (null is the byte 1);
 * timestamp deltas may be, and may be longer than 32 bits.
 */

const encoder = new TextEncoder()

/** Bytes of a value from 0 to 2^31 - 1. */
export function sizeOfVarint(value: number): number {
  return value < 64 ? 1 : value < 8192 ? 2 : value < 1048576 ? 3 : value < 134217728 ? 4 : 5
}

/** Writes a value from 0 to 2^31 - 1; returns the position behind it. */
export function putVarint(bytes: Uint8Array, position: number, value: number): number {
  let p = position
  let rest = value << 1
  while (rest > 127 || rest < 0) {
    bytes[p++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[p++] = rest
  return p
}

/** Bytes of any safe integer. */
export function sizeOfDelta(delta: number): number {
  if (delta >= 0 && delta < 134217728) return sizeOfVarint(delta)
  let size = 1
  for (let rest = zigzag(delta); rest > 127; rest = Math.floor(rest / 128)) size++
  return size
}

/** Writes any safe integer; returns the position behind it. */
export function putDelta(bytes: Uint8Array, position: number, delta: number): number {
  if (delta >= 0 && delta < 134217728) return putVarint(bytes, position, delta)
  let p = position
  let rest = zigzag(delta)
  while (rest > 127) {
    bytes[p++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  bytes[p++] = rest
  return p
}

/** Even for zero and positive, odd for negative numbers. Timestamps of a batch lie within 2^52 milliseconds of each other. */
function zigzag(delta: number): number {
  return delta < 0 ? -delta * 2 - 1 : delta * 2
}

/** UTF-8 bytes of a text. */
export function sizeOfText(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text)
  return text.length
}

/** Writes a text of `length` UTF-8 bytes; returns the position behind it. */
export function putText(bytes: Uint8Array, position: number, text: string, length: number): number {
  if (length === text.length) for (let i = 0; i < length; i++) bytes[position + i] = text.charCodeAt(i)
  else encoder.encodeInto(text, bytes.subarray(position, position + length))
  return position + length
}
