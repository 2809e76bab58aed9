/**
 * The smallest and largest value of a page, found by scanning whole pages (not value by value as rows come in, so that a row
 * taken back leaves no trace), and of the chunk and the file that pages add up to.
 */

/** A bound as it is compared: numbers by value, bytes by the order of their column. */
export type RawBound = number | bigint | Uint8Array

export interface Bounds {
  readonly min: RawBound | undefined
  readonly max: RawBound | undefined
  /** There is a NaN, so no bounds. */
  readonly unordered: boolean
}

export const NO_BOUNDS: Bounds = { min: undefined, max: undefined, unordered: false }

/** Of 32-bit integers, floats and doubles. */
export function numberBounds(values: Int32Array | Float32Array | Float64Array, count: number): Bounds {
  if (count === 0) return NO_BOUNDS
  let min = Infinity
  let max = -Infinity
  let unordered = false
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (value < min) min = value
    if (value > max) max = value
    // A NaN is the one value that differs from itself. oxlint-disable-next-line no-self-compare
    if (value !== value) unordered = true
  }
  return unordered ? { ...NO_BOUNDS, unordered } : { min, max, unordered }
}

/** Of 64-bit integers, as pairs of 32-bit words (low, high): no bigint per value. */
export function longBounds(words: Int32Array, count: number): Bounds {
  if (count === 0) return NO_BOUNDS
  let minLow = words[0]! >>> 0
  let minHigh = words[1]!
  let maxLow = minLow
  let maxHigh = minHigh
  for (let i = 2; i < 2 * count; i += 2) {
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
  return { min: long(minLow, minHigh), max: long(maxLow, maxHigh), unordered: false }
}

function long(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

/** Of booleans, a bit each. */
export function booleanBounds(bits: Uint8Array, count: number): Bounds {
  let trues = 0
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) trues++
  return { min: trues < count ? 0 : 1, max: trues > 0 ? 1 : 0, unordered: false }
}

/**
 * Of bytes in PLAIN encoding: each behind its length, or all of one length (`fixedLength` not 0). `signed`: two's complement,
 * most significant byte first.
 */
export function bytesBounds(bytes: Uint8Array, end: number, fixedLength: number, signed: boolean): Bounds {
  if (end === 0) return NO_BOUNDS
  const flip = signed ? 0x80 : 0
  let minAt = -1
  let maxAt = 0
  let minLength = 0
  let maxLength = 0
  for (let at = 0; at < end;) {
    let length = fixedLength
    if (length === 0) {
      length = lengthAt(bytes, at)
      at += 4
    }
    if (minAt < 0) {
      minAt = maxAt = at
      minLength = maxLength = length
    } else if (compareAt(bytes, at, length, bytes, minAt, minLength, flip) < 0) {
      minAt = at
      minLength = length
    } else if (compareAt(bytes, at, length, bytes, maxAt, maxLength, flip) > 0) {
      maxAt = at
      maxLength = length
    }
    at += length
  }
  return boundsAt(bytes, minAt, minLength, maxAt, maxLength)
}

/** Of values that stand behind their lengths at the first `count` of `places`. */
export function boundsOfPlaces(bytes: Uint8Array, places: Int32Array, count: number): Bounds {
  if (count === 0) return NO_BOUNDS
  let minAt = places[0]! + 4
  let maxAt = minAt
  let minLength = lengthAt(bytes, minAt - 4)
  let maxLength = minLength
  for (let i = 1; i < count; i++) {
    const at = places[i]! + 4
    const length = lengthAt(bytes, at - 4)
    if (compareAt(bytes, at, length, bytes, minAt, minLength, 0) < 0) {
      minAt = at
      minLength = length
    } else if (compareAt(bytes, at, length, bytes, maxAt, maxLength, 0) > 0) {
      maxAt = at
      maxLength = length
    }
  }
  return boundsAt(bytes, minAt, minLength, maxAt, maxLength)
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** Copies: the page's bytes are used again. */
function boundsAt(bytes: Uint8Array, minAt: number, minLength: number, maxAt: number, maxLength: number): Bounds {
  return {
    min: new Uint8Array(bytes.subarray(minAt, minAt + minLength)),
    max: new Uint8Array(bytes.subarray(maxAt, maxAt + maxLength)),
    unordered: false,
  }
}

/** What bounds add up to. */
export class BoundsSum {
  readonly #signed: boolean
  #sum: Bounds = NO_BOUNDS

  /** `signed`: where bytes are two's complement, most significant first. */
  constructor(signed: boolean) {
    this.#signed = signed
  }
  add({ min, max, unordered }: Bounds): void {
    const sum = this.#sum
    const signed = this.#signed
    this.#sum = {
      min: sum.min === undefined || (min !== undefined && compareBounds(min, sum.min, signed) < 0) ? min : sum.min,
      max: sum.max === undefined || (max !== undefined && compareBounds(max, sum.max, signed) > 0) ? max : sum.max,
      unordered: sum.unordered || unordered,
    }
  }
  get bounds(): Bounds {
    return this.#sum.unordered ? { ...NO_BOUNDS, unordered: true } : this.#sum
  }
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
