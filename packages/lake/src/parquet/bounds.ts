/**
 * The smallest and largest value of a chunk, found by scanning whole pages (not value by value as rows come in, so that a
 * row taken back leaves no trace).
 */

/** A bound as it is compared: numbers by value, bytes by the order of their column. */
export type RawBound = number | bigint | Uint8Array

export interface ChunkBounds {
  readonly min: RawBound | undefined
  readonly max: RawBound | undefined
  /** There is a NaN, so no bounds. */
  readonly unordered: boolean
}

const NONE: ChunkBounds = { min: undefined, max: undefined, unordered: false }

/** 32-bit integers, floats and doubles. */
export class NumberBounds {
  private min = Infinity
  private max = -Infinity
  private empty = true
  private unordered = false

  scan(values: Int32Array | Float32Array | Float64Array, count: number): void {
    if (count === 0) return
    let { min, max } = this
    for (let i = 0; i < count; i++) {
      const value = values[i]!
      if (value < min) min = value
      if (value > max) max = value
      // A NaN is the one value that differs from itself. oxlint-disable-next-line no-self-compare
      if (value !== value) this.unordered = true
    }
    this.min = min
    this.max = max
    this.empty = false
  }

  take(): ChunkBounds {
    const { min, max, empty, unordered } = this
    this.min = Infinity
    this.max = -Infinity
    this.empty = true
    this.unordered = false
    if (empty) return NONE
    return unordered ? { ...NONE, unordered } : { min, max, unordered }
  }
}

/** 64-bit integers, as pairs of 32-bit words (low, high): no bigint per value. */
export class LongBounds {
  private empty = true
  private minLow = 0
  private minHigh = 0
  private maxLow = 0
  private maxHigh = 0

  scan(words: Int32Array, count: number): void {
    if (count === 0) return
    if (this.empty) {
      this.minLow = this.maxLow = words[0]! >>> 0
      this.minHigh = this.maxHigh = words[1]!
      this.empty = false
    }
    let { minLow, minHigh, maxLow, maxHigh } = this
    for (let i = 0; i < 2 * count; i += 2) {
      const low = words[i]! >>> 0
      const high = words[i + 1]!
      if (high < minHigh || (high === minHigh && low < minLow)) {
        minLow = low
        minHigh = high
      }
      if (high > maxHigh || (high === maxHigh && low > maxLow)) {
        maxLow = low
        maxHigh = high
      }
    }
    this.minLow = minLow
    this.minHigh = minHigh
    this.maxLow = maxLow
    this.maxHigh = maxHigh
  }

  take(): ChunkBounds {
    if (this.empty) return NONE
    this.empty = true
    return { min: long(this.minLow, this.minHigh), max: long(this.maxLow, this.maxHigh), unordered: false }
  }
}

function long(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

/** Bytes in PLAIN encoding: each behind its length, or all of one length. */
export class BytesBounds {
  private min: Uint8Array | undefined
  private max: Uint8Array | undefined
  private readonly fixedLength: number
  /** 0x80 where the first byte carries a sign (decimals), which turns the signed order into the unsigned one. */
  private readonly flip: number

  /** `fixedLength`: 0 where each value stands behind its length. */
  constructor(fixedLength: number, signed: boolean) {
    this.fixedLength = fixedLength
    this.flip = signed ? 0x80 : 0
  }

  scan(bytes: Uint8Array, end: number): void {
    const { fixedLength, flip } = this
    // The bounds of before stand in other bytes than those of this page, so both are kept as bytes, start and length.
    let minBytes = this.min
    let maxBytes = this.max
    let minAt = 0
    let maxAt = 0
    let minLength = minBytes === undefined ? 0 : minBytes.length
    let maxLength = maxBytes === undefined ? 0 : maxBytes.length
    for (let at = 0; at < end;) {
      let length = fixedLength
      if (length === 0) {
        length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
        at += 4
      }
      if (minBytes === undefined || compareAt(bytes, at, length, minBytes, minAt, minLength, flip) < 0) {
        minBytes = bytes
        minAt = at
        minLength = length
      }
      if (maxBytes === undefined || compareAt(bytes, at, length, maxBytes, maxAt, maxLength, flip) > 0) {
        maxBytes = bytes
        maxAt = at
        maxLength = length
      }
      at += length
    }
    if (minBytes !== this.min) this.min = copy(minBytes, minAt, minLength)
    if (maxBytes !== this.max) this.max = copy(maxBytes, maxAt, maxLength)
  }

  take(): ChunkBounds {
    const { min, max } = this
    this.min = this.max = undefined
    return { min, max, unordered: false }
  }
}

function copy(bytes: Uint8Array | undefined, start: number, length: number): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes.subarray(start, start + length))
}

function compareAt(
  left: Uint8Array,
  leftAt: number,
  leftLength: number,
  right: Uint8Array,
  rightAt: number,
  rightLength: number,
  flip: number,
): number {
  const length = leftLength < rightLength ? leftLength : rightLength
  let mask = flip
  for (let i = 0; i < length; i++) {
    const order = (left[leftAt + i]! ^ mask) - (right[rightAt + i]! ^ mask)
    if (order !== 0) return order
    mask = 0
  }
  return leftLength - rightLength
}

/** Order of two bounds of one column; `signed` where bytes are two's complement, most significant first. */
export function compareBounds(left: RawBound, right: RawBound, signed: boolean): number {
  if (typeof left === 'object' && typeof right === 'object') {
    return compareAt(left, 0, left.length, right, 0, right.length, signed ? 0x80 : 0)
  }
  return left < right ? -1 : left > right ? 1 : 0
}
