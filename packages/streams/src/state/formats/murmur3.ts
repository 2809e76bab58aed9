/** The x64 variant of MurmurHash3 with 128 bits: what a foreign-key join knows a left value by. */

const MASK = (1n << 64n) - 1n
const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn
/** Kafka Streams' own. */
const SEED = 104_729n

/** 16 bytes: the two halves, big-endian. */
export function murmur3(bytes: Uint8Array): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks = bytes.length >>> 4
  let h1 = SEED
  let h2 = SEED
  for (let block = 0; block < blocks; block++) {
    h1 ^= mixed1(view.getBigUint64(block * 16, true))
    h1 = times5(rotate(h1, 27n) + h2, 0x52dce729n)
    h2 ^= mixed2(view.getBigUint64(block * 16 + 8, true))
    h2 = times5(rotate(h2, 31n) + h1, 0x38495ab5n)
  }
  const tail = bytes.subarray(blocks * 16)
  if (tail.length > 8) h2 ^= mixed2(littleEndian(tail.subarray(8)))
  if (tail.length > 0) h1 ^= mixed1(littleEndian(tail.subarray(0, 8)))
  const length = BigInt(bytes.length)
  h1 ^= length
  h2 ^= length
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  h1 = finished(h1)
  h2 = finished(h2)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  const hash = Buffer.allocUnsafe(16)
  hash.writeBigUInt64BE(h1, 0)
  hash.writeBigUInt64BE(h2, 8)
  return hash
}

function mixed1(k: bigint): bigint {
  return (rotate((k * C1) & MASK, 31n) * C2) & MASK
}

function mixed2(k: bigint): bigint {
  return (rotate((k * C2) & MASK, 33n) * C1) & MASK
}

function times5(h: bigint, more: bigint): bigint {
  return (h * 5n + more) & MASK
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK
}

function finished(h: bigint): bigint {
  let mixed = ((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn) & MASK
  mixed = ((mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK
  return mixed ^ (mixed >> 33n)
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at]!)
  return value
}
