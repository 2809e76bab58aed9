/**
 * DELTA_BINARY_PACKED (parquet-format's Encodings.md): the differences of neighbouring integers, above the smallest of each
 * block, in as few bits as each 32 of them need. Numbers that grow steadily, such as offsets and times, take a fraction of
 * their bytes. Differences are taken as doubles, which hold every one that is worth packing.
 */
const BLOCK = 128
const MINIBLOCK = 32
const MINIBLOCKS = BLOCK / MINIBLOCK
/** Wider differences save too little to be worth it. */
const WIDTH_MAX = 48
const TWO_24 = 2 ** 24
const TWO_32 = 2 ** 32

const deltas = new Float64Array(BLOCK)

/** Room that `packDeltas` may need. */
export function packedBytesMax(count: number): number {
  return 64 + Math.ceil(count / BLOCK) * (16 + MINIBLOCKS + (BLOCK * WIDTH_MAX) / 8)
}

/**
 * Packs `count` integers of one or two 32-bit words (low, high) each into `out`; answers where they end, or -1 when a
 * difference is too wide. `first` of the header is the whole first value, whatever its size.
 */
export function packDeltas(
  words: Int32Array,
  count: number,
  wordsPerValue: 1 | 2,
  out: Uint8Array,
  start: number,
): number {
  let at = varint(BLOCK, out, start)
  at = varint(MINIBLOCKS, out, at)
  at = varint(count, out, at)
  if (count === 0) return varint(0, out, at)
  at = firstValue(words, wordsPerValue, out, at)
  for (let from = 1; from < count; from += BLOCK) {
    const length = Math.min(BLOCK, count - from)
    let min = Infinity
    for (let i = 0; i < length; i++) {
      const delta = wordsPerValue === 1 ? delta32(words, from + i) : delta64(words, from + i)
      if (delta < min) min = delta
      deltas[i] = delta
    }
    // Of 32 bits, differences wrap around in readers; so those that would are not packed at all.
    if (wordsPerValue === 1 && min < -(2 ** 31)) return -1
    if (Math.abs(min) > 2 ** 52) return -1
    at = varint(min >= 0 ? min * 2 : -min * 2 - 1, out, at)
    const widths = at
    at += MINIBLOCKS
    for (let mini = 0; mini < MINIBLOCKS; mini++) {
      const begin = mini * MINIBLOCK
      let max = 0
      for (let i = begin; i < begin + MINIBLOCK && i < length; i++) {
        const above = deltas[i]! - min
        if (above > max) max = above
      }
      const width = widthOf(max)
      if (width > (wordsPerValue === 1 ? 32 : WIDTH_MAX)) return -1
      // A miniblock behind the last value is not there at all, and its width is 0.
      out[widths + mini] = begin < length ? width : 0
      if (begin < length) at = packMiniblock(begin, length, min, width, out, at)
    }
  }
  return at
}

function packMiniblock(
  begin: number,
  length: number,
  min: number,
  width: number,
  out: Uint8Array,
  start: number,
): number {
  let at = start
  let bits = 0
  let held = 0
  for (let i = begin; i < begin + MINIBLOCK; i++) {
    const above = i < length ? deltas[i]! - min : 0
    // At most 24 bits at a time, so that they fit 32 together with the up to 7 left over.
    let rest = above
    for (let left = width; left > 0; left -= 24) {
      const take = left > 24 ? 24 : left
      const high = Math.floor(rest / TWO_24)
      bits |= (rest - high * TWO_24) << held
      rest = high
      held += take
      while (held >= 8) {
        out[at++] = bits & 255
        bits >>>= 8
        held -= 8
      }
    }
  }
  return at
}

function delta32(words: Int32Array, i: number): number {
  return words[i]! - words[i - 1]!
}

function delta64(words: Int32Array, i: number): number {
  const low = (words[2 * i]! >>> 0) - (words[2 * i - 2]! >>> 0)
  return (words[2 * i + 1]! - words[2 * i - 1]!) * TWO_32 + low
}

function widthOf(max: number): number {
  return max < TWO_32 ? 32 - Math.clz32(max) : 64 - Math.clz32(Math.floor(max / TWO_32))
}

function varint(value: number, out: Uint8Array, start: number): number {
  let at = start
  let rest = value
  while (rest > 127) {
    out[at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  out[at++] = rest
  return at
}

function firstValue(words: Int32Array, wordsPerValue: 1 | 2, out: Uint8Array, start: number): number {
  const value = wordsPerValue === 1 ? BigInt(words[0]!) : (BigInt(words[1]!) << 32n) | BigInt(words[0]! >>> 0)
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n
  let at = start
  while (rest > 127n) {
    out[at++] = Number(rest & 127n) | 128
    rest >>= 7n
  }
  out[at++] = Number(rest)
  return at
}
