/** Decimals as text, as unscaled integer with scale, and as bytes (Connect's `Decimal`: two's complement, big-endian). */
import { DataError } from '@sluice/sdk'

/** `unscaled × 10^-scale`, Java's BigDecimal. */
export interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

const PLAIN = /^-?\d+(?:\.\d+)?$/

/**
 * Reads plain decimal text. Its scale is the number of digits behind the point; only where the schema's scale is negative
 * does the text get that one, because plain text cannot say it.
 * @throws DataError for other text, and for one that a negative scale cannot hold
 */
export function readDecimal(text: string, schemaScale: number): Decimal {
  if (!PLAIN.test(text))
    throw new DataError('Invalid value for Decimal', { remedy: 'Give decimals as plain text such as -12.50.' })
  const point = text.indexOf('.')
  const scale = point < 0 ? 0 : text.length - point - 1
  const unscaled = BigInt(point < 0 ? text : text.slice(0, point) + text.slice(point + 1))
  if (schemaScale >= 0 || scale > 0) return { unscaled, scale }
  const power = 10n ** BigInt(-schemaScale)
  return unscaled % power === 0n ? { unscaled: unscaled / power, scale: schemaScale } : { unscaled, scale }
}

/** Plain text of a decimal, without an exponent, however far that is. */
export function decimalText({ unscaled, scale }: Decimal): string {
  if (scale <= 0) return unscaled === 0n ? '0' : String(unscaled) + '0'.repeat(-scale)
  const negative = unscaled < 0n
  const digits = String(negative ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Java's `BigInteger.toByteArray`: the fewest bytes that keep the sign. */
export function bigIntBytes(value: bigint): Buffer {
  const magnitude = value < 0n ? -value - 1n : value
  let hex = magnitude.toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  else if (hex.charCodeAt(0) >= 0x38) hex = `00${hex}` // the first bit is the sign's
  const bytes = Buffer.from(hex, 'hex')
  if (value < 0n) for (let i = 0; i < bytes.length; i++) bytes[i] = ~bytes[i]! & 0xff
  return bytes
}

/** Java's `new BigInteger(bytes)`. @throws DataError for no bytes at all */
export function bigIntOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) throw new DataError('Zero length BigInteger')
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
}

/**
 * The same number with another scale.
 * @throws DataError when digits would be lost
 */
export function rescale({ unscaled, scale }: Decimal, to: number): Decimal {
  if (scale === to) return { unscaled, scale }
  if (Math.abs(to - scale) > MAX_RESCALE) throw mismatch(scale, to)
  if (to > scale) return { unscaled: unscaled * 10n ** BigInt(to - scale), scale: to }
  const power = 10n ** BigInt(scale - to)
  if (unscaled % power !== 0n) throw mismatch(scale, to)
  return { unscaled: unscaled / power, scale: to }
}

/** Far more zeros than anybody means, and few enough to be harmless. */
const MAX_RESCALE = 10_000

/** Connect's complaint about a decimal whose digits behind the point are not those of its schema. */
export function mismatch(scale: number, schemaScale: number): DataError {
  const message = 'Decimal value has mismatching scale for given Decimal schema.'
  return new DataError(`${message} Schema has scale ${schemaScale}, value has scale ${scale}.`, {
    remedy: `Give the value ${schemaScale} digits behind the point.`,
  })
}
