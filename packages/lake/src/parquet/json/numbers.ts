/** Numbers out of JSON text that was looked over (scan.ts): exactly what `JSON.parse` and `BigInt` would make of it, −0 being 0. */

/** So many digits are a safe integer, whatever they are, and no double rounds them. */
export const SAFE_DIGITS = 15
const LONG_DIGITS = 19
const LONG_MAX = Buffer.from('9223372036854775807')

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30

const POWERS = Float64Array.from({ length: SAFE_DIGITS + 1 }, (_, i) => Number(`1e${i}`))

/** Whether a whole number has at most 64 bits. (Its most negative one is left out.) */
export function isLong(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from] === MINUS ? from + 1 : from
  if (to - first !== LONG_DIGITS) return to - first < LONG_DIGITS
  for (let i = 0; i < LONG_DIGITS; i++) {
    const difference = bytes[first + i]! - LONG_MAX[i]!
    if (difference !== 0) return difference < 0
  }
  return true
}

/** Whether a number is written without point and exponent. */
export function isWhole(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!
    if (byte < ZERO && byte !== MINUS) return false
    if (byte > 0x39) return false
  }
  return true
}

/** A whole number of at most `SAFE_DIGITS`. */
export function wholeOf(bytes: Uint8Array, from: number, to: number): number {
  const isNegative = bytes[from] === MINUS
  const value = digitsOf(bytes, isNegative ? from + 1 : from, to)
  return isNegative ? 0 - value : value
}

function digitsOf(bytes: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = value * 10 + bytes[at]! - ZERO
  return value
}

const TWO_16 = 2 ** 16
const TWO_32 = 2 ** 32

/** A whole number of at most 64 bits in two words, without a bigint on the way. */
export class LongWords {
  /** Modulo 2^32. */
  low = 0
  high = 0

  read(bytes: Uint8Array, from: number, to: number): void {
    const isNegative = bytes[from] === MINUS
    const middle = to - 9
    const upper = digitsOf(bytes, isNegative ? from + 1 : from, middle)
    const lower = digitsOf(bytes, middle, to)
    // upper · 10^9 + lower, in pieces of 16 bits so that no product is beyond 2^53.
    const top = Math.floor(upper / TWO_32)
    const rest = upper - top * TWO_32
    const b = Math.floor(rest / TWO_16)
    const a = rest - b * TWO_16
    const first = a * 1e9 + lower
    const carried = Math.floor(first / TWO_16)
    const second = b * 1e9 + carried
    const high = Math.floor(second / TWO_16)
    this.low = (second - high * TWO_16) * TWO_16 + (first - carried * TWO_16)
    this.high = high + top * 1e9
    if (!isNegative) return
    this.high = this.low === 0 ? 0 - this.high : -1 - this.high
    this.low = this.low === 0 ? 0 : TWO_32 - this.low
  }
}

/**
 * Any number as a double. Up to 15 digits it is a division of two whole numbers that doubles hold exactly, which rounds once and so
 * correctly; the rest is left to `Number`.
 */
export function doubleOf(bytes: Uint8Array, from: number, to: number): number {
  const isNegative = bytes[from] === MINUS
  let at = isNegative ? from + 1 : from
  if (to - at > SAFE_DIGITS + 1) return slowDoubleOf(bytes, from, to)
  let digits = 0
  let point = to - 1
  for (; at < to; at++) {
    const byte = bytes[at]!
    if (byte >= ZERO && byte <= 0x39) digits = digits * 10 + byte - ZERO
    else if (byte === POINT) point = at
    else return slowDoubleOf(bytes, from, to)
  }
  if (point === to - 1 && digits >= POWERS[SAFE_DIGITS]!) return slowDoubleOf(bytes, from, to)
  const value = digits / POWERS[to - 1 - point]!
  return isNegative ? 0 - value : value
}

function slowDoubleOf(bytes: Uint8Array, from: number, to: number): number {
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')) + 0
}
