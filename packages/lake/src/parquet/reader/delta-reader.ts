/** Delta encodings back into values; see ../delta-packed.ts and ../delta-values.ts. */

export interface Unpacked {
  readonly values: BigInt64Array
  /** The place behind them. */
  readonly end: number
}

/** @throws RangeError when the bytes end before, or hold more than `count` values */
export function unpackDeltas(bytes: Uint8Array, start: number, count: number): Unpacked {
  const reader = { bytes, at: start }
  const block = Number(varint(reader))
  const miniblocks = Number(varint(reader))
  const total = Number(varint(reader))
  if (
    total > count ||
    miniblocks < 1 ||
    block > 2 ** 20 ||
    block % miniblocks !== 0 ||
    (block / miniblocks) % 8 !== 0
  ) {
    throw new RangeError('packed differences have a header that cannot be')
  }
  const values = new BigInt64Array(total)
  const perMini = block / miniblocks
  let value = zigzag(reader)
  if (total > 0) values[0] = value
  for (let i = 1; i < total;) {
    const min = zigzag(reader)
    const widths = bytes.subarray(reader.at, reader.at + miniblocks)
    if (widths.length < miniblocks) throw new RangeError('packed differences end too early')
    reader.at += miniblocks
    for (let mini = 0; mini < miniblocks && i < total; mini++) {
      const width = widths[mini]!
      const length = (perMini / 8) * width
      if (width > 64 || reader.at + length > bytes.length) throw new RangeError('packed differences end too early')
      for (let k = 0; k < perMini && i < total; k++, i++) {
        const above =
          width <= 32 ? BigInt(bitsAt(bytes, reader.at, k * width, width)) : longAt(bytes, reader.at, k * width, width)
        value += min + above
        values[i] = value
        value = values[i]!
      }
      reader.at += length
    }
  }
  return { values, end: reader.at }
}

/** Starts and ends of values whose lengths are packed in front of them; answers pairs of places in `bytes`. */
export function unpackLengths(bytes: Uint8Array, start: number, count: number): Int32Array {
  const { values: lengths, end } = unpackDeltas(bytes, start, count)
  const places = new Int32Array(2 * lengths.length)
  let at = end
  for (const [i, length] of lengths.entries()) {
    places[2 * i] = at
    at += Number(length)
    places[2 * i + 1] = at
    if (length < 0n || at > bytes.length) throw new RangeError('a value ends behind its page')
  }
  return places
}

/** Values that begin as the one before: how much they share, then what follows. */
export function unpackPrefixed(bytes: Uint8Array, start: number, count: number): Uint8Array[] {
  const { values: prefixes, end } = unpackDeltas(bytes, start, count)
  const places = unpackLengths(bytes, end, count)
  if (places.length !== 2 * prefixes.length) throw new RangeError('beginnings and ends of values differ in number')
  const values: Uint8Array[] = []
  let before: Uint8Array = new Uint8Array(0)
  for (const [i, prefix] of prefixes.entries()) {
    const shared = Number(prefix)
    if (shared < 0 || shared > before.length) throw new RangeError('a value shares more than there is')
    const rest = bytes.subarray(places[2 * i], places[2 * i + 1])
    const value = new Uint8Array(shared + rest.length)
    value.set(before.subarray(0, shared))
    value.set(rest, shared)
    values.push(value)
    before = value
  }
  return values
}

interface Position {
  readonly bytes: Uint8Array
  at: number
}

function varint(reader: Position): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) break
    value |= BigInt(byte & 127) << shift
    if (byte < 128) return value
  }
  throw new RangeError('packed differences end too early')
}

function zigzag(reader: Position): bigint {
  const value = varint(reader)
  return (value & 1n) === 0n ? value >> 1n : -(value >> 1n) - 1n
}

/** Up to 32 bits, as a whole number. */
function bitsAt(bytes: Uint8Array, start: number, bit: number, width: number): number {
  let at = start + (bit >>> 3)
  let value = (bytes[at] ?? 0) >>> (bit & 7)
  let scale = 2 ** (8 - (bit & 7))
  for (let have = 8 - (bit & 7); have < width; have += 8) {
    value += (bytes[++at] ?? 0) * scale
    scale *= 256
  }
  return value % 2 ** width
}

function longAt(bytes: Uint8Array, start: number, bit: number, width: number): bigint {
  const low = bitsAt(bytes, start, bit, 32)
  return BigInt(low) | (BigInt(bitsAt(bytes, start, bit + 32, width - 32)) << 32n)
}
