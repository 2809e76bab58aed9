/**
 * LZ4 blocks without a frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md), Parquet's LZ4_RAW: neither Node nor
 * a kept package has them. Faster to read than zstd, larger; slower to write here than native snappy.
 */

const HASH_BITS = 14
const MATCH_MIN = 4
const DISTANCE_MAX = 65_535
/** The format wants the last bytes of a block to be literals, and the last match to begin in front of these. */
const TAIL_LITERALS = 5
const TAIL_MATCH = 12

const table = new Int32Array(1 << HASH_BITS)

/** Compresses a block; the result shares no memory with it. */
export function compressLz4(block: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(block.length + Math.ceil(block.length / 255) + 16)
  table.fill(-1)
  let at = 0
  let anchor = 0
  const last = block.length - TAIL_MATCH
  for (let i = 0; i < last;) {
    const word = wordAt(block, i)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
    const found = table[slot]!
    table[slot] = i
    if (found < 0 || i - found > DISTANCE_MAX || wordAt(block, found) !== word) {
      // What did not match for long is passed over in larger steps.
      i += 1 + ((i - anchor) >> 6)
      continue
    }
    let end = i + MATCH_MIN
    while (end < block.length - TAIL_LITERALS && block[end] === block[end - i + found]) end++
    at = putSequence(block, anchor, i, end - i - MATCH_MIN, out, at)
    out[at++] = (i - found) & 255
    out[at++] = (i - found) >>> 8
    if (end - i - MATCH_MIN >= 15) at = putLength(end - i - MATCH_MIN - 15, out, at)
    anchor = i = end
  }
  at = putSequence(block, anchor, block.length, 0, out, at)
  return new Uint8Array(out.subarray(0, at))
}

/** The token and the literals from `from` to `to`; a match of `matchLength` more than the least follows. */
function putSequence(
  block: Uint8Array,
  from: number,
  to: number,
  matchLength: number,
  out: Uint8Array,
  start: number,
): number {
  const literals = to - from
  let at = start
  out[at++] = (Math.min(literals, 15) << 4) | Math.min(matchLength, 15)
  if (literals >= 15) at = putLength(literals - 15, out, at)
  out.set(block.subarray(from, to), at)
  return at + literals
}

function putLength(length: number, out: Uint8Array, start: number): number {
  let at = start
  let rest = length
  for (; rest >= 255; rest -= 255) out[at++] = 255
  out[at++] = rest
  return at
}

/** @throws Error when the block is damaged or does not give exactly `length` bytes */
export function decompressLz4(block: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length)
  let at = 0
  let i = 0
  const count = (nibble: number): number => {
    let sum = nibble
    if (nibble < 15) return sum
    for (;;) {
      const more = block[i++]
      if (more === undefined) throw new Error('an LZ4 block ends within a length')
      sum += more
      if (more < 255) return sum
    }
  }
  while (i < block.length) {
    const token = block[i++]!
    const literals = count(token >>> 4)
    if (i + literals > block.length || at + literals > length) throw new Error('literals of an LZ4 block do not fit')
    out.set(block.subarray(i, i + literals), at)
    i += literals
    at += literals
    if (i === block.length) break
    const distance = block[i]! | ((block[i + 1] ?? 0) << 8)
    i += 2
    const matched = count(token & 15) + MATCH_MIN
    if (distance === 0 || distance > at || at + matched > length)
      throw new Error('a match of an LZ4 block does not fit')
    // Byte by byte: a match may overlap with what it makes.
    for (const end = at + matched; at < end; at++) out[at] = out[at - distance]!
  }
  if (at !== length) throw new Error(`an LZ4 block gives ${at} bytes, not ${length}`)
  return out
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
