/**
 * When the values of a page are written in a delta encoding, which only data pages of version 2 may have. A column that is not
 * in a dictionary is tried page by page, and no more in its chunk once it did not pay:
 * - integers, when their packed differences take at most half of their bytes;
 * - texts and bytes, when a quarter of their bytes repeats the beginning of the value before (DELTA_BYTE_ARRAY), or when
 *   their lengths are a fifth of all bytes or more (DELTA_LENGTH_BYTE_ARRAY).
 */
import { packDeltas, packedBytesMax } from './delta-packed.ts'
import { ENCODING, type PageTools } from './pages.ts'

export type DeltaKind = 'int32' | 'int64' | 'bytes'

export interface EncodedValues {
  readonly values: Uint8Array
  readonly encoding: number
}

/** `plain`: the page's values in PLAIN encoding. Undefined: they stay as they are. */
export function encodeDeltas(plain: Uint8Array, kind: DeltaKind, tools: PageTools): EncodedValues | undefined {
  return kind === 'bytes' ? bytes(plain, tools) : integers(plain, kind === 'int32' ? 1 : 2, tools)
}

function integers(plain: Uint8Array, wordsPerValue: 1 | 2, tools: PageTools): EncodedValues | undefined {
  const words = new Int32Array(plain.buffer, plain.byteOffset, plain.length / 4)
  const count = words.length / wordsPerValue
  const out = tools.values(packedBytesMax(count))
  const end = packDeltas(words, count, wordsPerValue, out, 0)
  if (end < 0 || end * 2 > plain.length) return undefined
  return { values: out.subarray(0, end), encoding: ENCODING.DELTA_BINARY_PACKED }
}

function bytes(plain: Uint8Array, tools: PageTools): EncodedValues | undefined {
  const count = countValues(plain)
  const lengths = new Int32Array(count)
  const prefixes = new Int32Array(count)
  let shared = 0
  let previous = 0
  let previousLength = 0
  let at = 0
  for (let i = 0; i < count; i++) {
    const length = lengthAt(plain, at)
    const most = Math.min(length, previousLength)
    let prefix = 0
    while (prefix < most && plain[at + 4 + prefix] === plain[previous + prefix]) prefix++
    prefixes[i] = prefix
    lengths[i] = length
    shared += prefix
    previous = at + 4
    previousLength = length
    at += 4 + length
  }
  const byPrefix = shared * 4 >= plain.length
  if (!byPrefix && 4 * count * 5 < plain.length) return undefined
  const out = tools.values(2 * packedBytesMax(count) + plain.length)
  let end = 0
  if (byPrefix) {
    end = packDeltas(prefixes, count, 1, out, end)
    for (let i = 0; i < count; i++) lengths[i]! -= prefixes[i]!
  }
  end = packDeltas(lengths, count, 1, out, end)
  at = 0
  for (let i = 0; i < count; i++) {
    const prefix = byPrefix ? prefixes[i]! : 0
    const length = lengths[i]!
    out.set(plain.subarray(at + 4 + prefix, at + 4 + prefix + length), end)
    end += length
    at += 4 + prefix + length
  }
  const encoding = byPrefix ? ENCODING.DELTA_BYTE_ARRAY : ENCODING.DELTA_LENGTH_BYTE_ARRAY
  return { values: out.subarray(0, end), encoding }
}

function countValues(plain: Uint8Array): number {
  let count = 0
  for (let at = 0; at < plain.length; at += 4 + lengthAt(plain, at)) count++
  return count
}

function lengthAt(plain: Uint8Array, at: number): number {
  return plain[at]! | (plain[at + 1]! << 8) | (plain[at + 2]! << 16) | (plain[at + 3]! << 24)
}
