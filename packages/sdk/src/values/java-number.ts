/**
 * Numbers as Java prints them: `Double.toString`, `Float.toString` and `BigDecimal.toString`, as of Java 19 (the shortest digits
 * that read back as the same number; older Javas print a few numbers longer).
 */

/** Java's `Double.toString`: `100.0`, `1.0E-5`, `1.2345678E7`, `-0.0`, `NaN`. */
export function javaDouble(value: number): string {
  if (Number.isInteger(value)) {
    if (value > -1e7 && value < 1e7) return value === 0 && Object.is(value, -0) ? '-0.0' : `${value}.0`
  } else {
    const size = Math.abs(value)
    if (size >= 1e-3 && size < 1e7) return String(value)
    if (size === 5e-324) return value < 0 ? '-4.9E-324' : '4.9E-324'
    if (size === 1e-323) return value < 0 ? '-9.9E-324' : '9.9E-324'
    if (!Number.isFinite(value)) return String(value)
  }
  return scientific(value.toExponential())
}

/** Java's `Float.toString` of a number that is a float: `1.1`, `1.6777216E7`. */
export function javaFloat(value: number): string {
  if (value === 0 || !Number.isFinite(value) || (Number.isInteger(value) && value > -1e7 && value < 1e7))
    return javaDouble(value)
  // Where a float has all its 24 bits, six digits tell apart whatever fewer digits can; nine always suffice.
  let shortest = value
  for (let digits = Math.abs(value) < FLOAT_MIN_NORMAL ? 2 : 6; digits <= 9; digits++) {
    shortest = Number(value.toPrecision(digits))
    if (Math.fround(shortest) === value) break
  }
  return javaDouble(shortest)
}

/** Java's `BigDecimal.toString` of `unscaled × 10^-scale`: `156.78`, `0.000`, `1.5E+3`, `1E-7`. */
export function javaDecimal(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled)
  const exponent = digits.length - 1 - scale
  if (scale === 0) return sign + digits
  if (scale > 0 && exponent >= -6) {
    const padded = digits.padStart(scale + 1, '0')
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
  if (exponent === 0) return `${sign}${digits[0]}${fraction}`
  return `${sign}${digits[0]}${fraction}E${exponent > 0 ? '+' : ''}${exponent}`
}

const FLOAT_MIN_NORMAL = 2 ** -126

/** `1.5e+21` → `1.5E21`, `1e-7` → `1.0E-7` */
function scientific(text: string): string {
  const at = text.indexOf('e')
  const digits = text.slice(0, at)
  const exponent = text.charCodeAt(at + 1) === 0x2b ? text.slice(at + 2) : text.slice(at + 1)
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent}`
}
