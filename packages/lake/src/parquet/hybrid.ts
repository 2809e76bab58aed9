/**
 * The RLE / bit-packing hybrid of parquet-format's Encodings.md: small integers of one width, as runs of one value or as
 * groups of eight packed side by side. Levels and dictionary indices are written in it.
 */

/** Fewest equal values in a row that are worth a run: one group of eight. */
const RUN_MIN = 8
/** Groups per packed stretch, so that its header is always one byte. */
const GROUPS_MAX = 63
/** Wider values would not fit the 32-bit accumulator together with the up to 7 bits left over. */
export const HYBRID_WIDTH_MAX = 24

/** Fewest bits that hold every value from 0 to `max`. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max)
}

/** Room that `writeHybrid` may need for `count` values: each eight of them cost one run or one packed group. */
export function hybridBytesMax(count: number, width: number): number {
  return (Math.ceil(count / 8) + 1) * Math.max(width + 1, 8)
}

/** Writes the first `count` values, each below 2^width, at `start`; answers the place behind them. */
export function writeHybrid(
  values: Uint8Array | Int32Array,
  count: number,
  width: number,
  out: Uint8Array,
  start: number,
): number {
  let at = start
  let header = -1 // place of the open packed stretch's header
  let groups = 0
  let i = 0
  while (i < count) {
    const value = values[i]!
    let end = i + 1
    while (end < count && values[end] === value) end++
    if (end - i >= RUN_MIN) {
      header = -1
      at = writeRun(value, end - i, width, out, at)
      i = end
      continue
    }
    if (header < 0 || groups === GROUPS_MAX) {
      header = at++
      groups = 0
    }
    groups++
    out[header] = (groups << 1) | 1
    at = packGroup(values, i, count, width, out, at)
    i += 8
  }
  return at
}

/** `length` times `value`: the header counts, then the value in as many whole bytes as the width needs. */
export function writeRun(value: number, length: number, width: number, out: Uint8Array, start: number): number {
  let at = start
  let rest = length * 2
  while (rest > 127) {
    out[at++] = (rest & 127) | 128
    rest = Math.floor(rest / 128)
  }
  out[at++] = rest
  for (let shift = 0; shift < width; shift += 8) out[at++] = (value >>> shift) & 255
  return at
}

/** Eight values from `from`, least significant bit first; missing ones at the end count as 0. */
function packGroup(
  values: Uint8Array | Int32Array,
  from: number,
  count: number,
  width: number,
  out: Uint8Array,
  start: number,
): number {
  let at = start
  let bits = 0
  let held = 0
  for (let i = from; i < from + 8; i++) {
    if (i < count) bits |= values[i]! << held
    held += width
    while (held >= 8) {
      out[at++] = bits & 255
      bits >>>= 8
      held -= 8
    }
  }
  return at
}
