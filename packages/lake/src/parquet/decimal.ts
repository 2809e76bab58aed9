/** Decimals between their text and the whole number that Parquet stores (the unscaled value). No floating point rounding. */

/** Largest number of digits whose every value is a safe integer. */
const SAFE_DIGITS = 15
export const DECIMAL_PRECISION_MAX = 38

const POWERS: readonly number[] = Array.from({ length: SAFE_DIGITS + 1 }, (_, digits) => 10 ** digits)
const ZERO = 48
const POINT = 46

/**
 * `12.5` at scale 2 is 1250. Takes an optional sign, digits, and an optional point with digits. Zeros that add nothing, in
 * front or behind, do not count against precision or scale. `undefined`: not such a text, or more digits than fit.
 * A safe integer comes back as a number, a larger one as a bigint.
 */
export function parseUnscaled(text: string, precision: number, scale: number): number | bigint | undefined {
  const length = text.length
  const sign = text.charCodeAt(0)
  const first = sign === 45 || sign === 43 ? 1 : 0
  let value = 0
  let digits = 0 // without zeros in front
  let fraction = -1 // digits behind the point; -1 without a point
  for (let i = first; i < length; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      if (digits !== 0 || digit !== 0) digits++
      if (fraction >= 0) fraction++
    } else if (digit === POINT - ZERO && fraction < 0 && i > first) {
      fraction = 0
    } else {
      return undefined
    }
  }
  if (length === first || fraction === 0) return undefined
  const missing = scale - (fraction < 0 ? 0 : fraction)
  if (missing < 0 || digits + missing > SAFE_DIGITS) return parseLong(text, first, precision, scale)
  if (digits !== 0 && digits + missing > precision) return undefined
  value *= POWERS[missing]!
  return sign === 45 && value !== 0 ? -value : value
}

/** The same for a text known to be well-formed that is long or has more fraction digits than `scale`. */
function parseLong(text: string, first: number, precision: number, scale: number): number | bigint | undefined {
  const point = text.indexOf('.')
  const whole = text.slice(first, point < 0 ? undefined : point)
  const fraction = point < 0 ? '' : text.slice(point + 1).replace(/0+$/, '')
  if (fraction.length > scale) return undefined
  const digits = (whole + fraction.padEnd(scale, '0')).replace(/^0+/, '')
  if (digits.length > precision) return undefined
  const value = BigInt(text.charCodeAt(0) === 45 ? `-${digits || '0'}` : digits || '0')
  return digits.length <= SAFE_DIGITS ? Number(value) : value
}

/** The text of an unscaled value, with exactly `scale` digits behind the point. */
export function formatUnscaled(value: number | bigint, scale: number): string {
  const text = String(value)
  if (scale === 0) return text
  const negative = text.startsWith('-')
  const digits = (negative ? text.slice(1) : text).padStart(scale + 1, '0')
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Fewest bytes whose two's complement holds every decimal of `precision` digits. */
export function decimalBytes(precision: number): number {
  let bytes = 1
  while (2n ** BigInt(8 * bytes - 1) < 10n ** BigInt(precision)) bytes++
  return bytes
}

/** Writes `value` as `length` bytes of two's complement, most significant first. */
export function writeBigEndian(value: number | bigint, length: number, out: Uint8Array, start: number): void {
  if (typeof value === 'number') {
    let rest = value
    for (let i = start + length - 1; i >= start; i--) {
      const above = Math.floor(rest / 256)
      out[i] = rest - above * 256
      rest = above
    }
    return
  }
  let rest = value
  for (let i = start + length - 1; i >= start; i -= 4) {
    const low = Number(BigInt.asUintN(32, rest))
    for (let k = 0; k < 4 && i - k >= start; k++) out[i - k] = low >>> (8 * k)
    rest >>= 32n
  }
}

export function readBigEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(8 * bytes.length, value)
}
