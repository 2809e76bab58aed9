/** The RLE / bit-packing hybrid back into numbers; see ../hybrid.ts. */

/**
 * Reads `count` values of `width` bits into `out`; answers the place behind them.
 * @throws RangeError when the bytes end before
 */
export function readHybrid(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  count: number,
  out: Uint8Array | Int32Array,
): number {
  if (width > 32) throw new RangeError(`${width} bits are too wide`)
  let at = start
  let filled = 0
  while (filled < count) {
    let header = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at]
      if (at++ >= end || byte === undefined || scale > 2 ** 35) throw new RangeError('levels or places end too early')
      header += (byte & 127) * scale
      if (byte < 128) break
    }
    if (header % 2 === 0) {
      const length = Math.min(header / 2, count - filled)
      if (length === 0) throw new RangeError('a run of nothing')
      let value = 0
      for (let shift = 0; shift < width; shift += 8) value |= (bytes[at++] ?? 0) << shift
      if (at > end) throw new RangeError('levels or places end too early')
      out.fill(value, filled, filled + length)
      filled += length
    } else {
      const packed = ((header - 1) / 2) * 8
      if (packed === 0) throw new RangeError('a run of nothing')
      const length = Math.min(packed, count - filled)
      if (at + Math.ceil((length * width) / 8) > end) throw new RangeError('levels or places end too early')
      unpack(bytes, at, width, length, out, filled)
      at += (packed / 8) * width
      filled += length
    }
  }
  return Math.min(at, end)
}

function unpack(
  bytes: Uint8Array,
  start: number,
  width: number,
  count: number,
  out: Uint8Array | Int32Array,
  filled: number,
): void {
  const mask = 2 ** width - 1
  let at = start
  let bits = 0
  let held = 0
  for (let i = 0; i < count; i++) {
    if (width > 24) {
      out[filled + i] = wide(bytes, start, i * width, width)
      continue
    }
    while (held < width) {
      bits |= bytes[at++]! << held
      held += 8
    }
    out[filled + i] = bits & mask
    bits >>>= width
    held -= width
  }
}

/** Too wide for 32 bits together with what is left over of the byte before. */
function wide(bytes: Uint8Array, start: number, bit: number, width: number): number {
  let value = 0
  for (let i = 0; i < width; i++) {
    const at = bit + i
    if (((bytes[start + (at >>> 3)]! >>> (at & 7)) & 1) === 1) value += 2 ** i
  }
  return value | 0
}
