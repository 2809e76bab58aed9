/** Java's `long`s, big-endian, from and to numbers: times and offsets, all within ±2^53. */

export function writeLong(bytes: Buffer, value: number, at: number): number {
  bytes.writeInt32BE(Math.floor(value / 4_294_967_296), at)
  return bytes.writeUInt32BE(value >>> 0, at + 4)
}

/** `mask` is laid over the first byte. */
export function readLong(bytes: Uint8Array, at: number, mask = 0): number {
  const high = ((bytes[at]! ^ mask) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  const low = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!
  return high * 4_294_967_296 + (low >>> 0)
}

export function readInt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
