/** Numbers as Java reads and converts them. */

/** Java's `BigDecimal.toString` of plain decimal text: the text, unless it begins with more than six zeros behind the point. */
export function decimalText(text: string): string {
  const [, sign = '', zeros = '', rest = ''] = /^(-?)0\.(0*)(\d*)$/.exec(text) ?? []
  const exponent = -zeros.length - 1
  if (rest === '' ? zeros.length <= 6 : exponent >= -6) return text
  if (rest === '') return `${sign}0E-${zeros.length}`
  return `${sign}${rest[0]}${rest.length > 1 ? `.${rest.slice(1)}` : ''}E${exponent}`
}

/** Java's `(int)` or `(long)` of a double: the fraction is cut off, and beyond the limits it stays at the limit. */
export function saturated(value: number, bits: 32 | 64): bigint {
  if (Number.isNaN(value)) return 0n
  const limit = 2 ** (bits - 1)
  if (value >= limit) return BigInt(limit) - 1n
  return BigInt(value <= -limit ? -limit : Math.trunc(value))
}

/** A 64-bit integer in our model: a number where that is exact. */
export function longValue(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Java's `Long.parseLong` and its smaller kin. Undefined for text that is no such number. */
export function parseInteger(text: string, bits: 8 | 16 | 32 | 64): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,9}))?$/

/** Java's `new BigDecimal(text).longValue()`: the fraction is cut off, and beyond 64 bits it wraps. Undefined for text that is no number. */
export function decimalLong(text: string): bigint | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  if (whole === '' && fraction === '') return undefined
  const scale = fraction.length - Number(exponent)
  const unscaled = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`)
  // 10^64 has 64 factors of two: nothing is left in the lower 64 bits.
  if (scale <= -64 || scale > whole.length + fraction.length) return 0n
  const long = scale <= 0 ? unscaled * 10n ** BigInt(-scale) : unscaled / 10n ** BigInt(scale)
  return BigInt.asIntN(64, long)
}

/** Java's `Double.parseDouble`, without its hexadecimal form. Undefined for text that is no number. */
export function parseDouble(text: string): number | undefined {
  // Java trims everything up to the blank.
  const trimmed = text.replaceAll(/^[\0-\x20]+|[\0-\x20]+$/g, '')
  if (/^[+-]?NaN$/.test(trimmed)) return Number.NaN
  if (!/^[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?)$/.test(trimmed)) return undefined
  return Number(trimmed.replace(/[dDfF]$/, ''))
}
