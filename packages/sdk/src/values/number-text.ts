/** Numbers in free text, as Kafka Connect's `Values.parseString` takes them: of the smallest type that holds them. */
import type { SchemaAndValue } from '../converter.ts'
import { decimal, primitive } from '../schema.ts'
import type { PrimitiveType, Schema } from '../schema.ts'

/** Without a sign it begins with a digit. */
const NUMBER = /^(?=[+\-\d])([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/

/** The longest exponent that is written out; nobody means a longer one. */
const MAX_EXPONENT = 10_000

const FLOAT32: Schema = primitive('float32')
const FLOAT64: Schema = primitive('float64')
const INTEGERS = (['int8', 'int16', 'int32', 'int64'] as const).map((type) => primitive(type))
const BITS = [8, 16, 32, 64]

/**
 * A whole number, `1.0` and `1e3` included, is of the smallest integer type; any other is a float32 if it is in its range
 * (whatever digits that costs), else a float64, else a decimal.
 * @returns undefined for text that is no number
 */
export function numberOf(text: string): SchemaAndValue | undefined {
  const found = NUMBER.exec(text)
  if (found === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found
  if (whole === '' && fraction === '') return undefined
  const power = Number(exponent)
  if (power > MAX_EXPONENT || power < -INT32_MAX) return undefined
  const scale = fraction.length - power
  const digits = (whole + fraction).replace(/^0+(?=.)/, '')
  const minus = sign === '-' ? '-' : ''
  return integer(minus, digits, scale) ?? real(Number(text), minus, digits, scale)
}

const INT32_MAX = 2 ** 31

function integer(minus: string, digits: string, scale: number): SchemaAndValue | undefined {
  if (digits === '0') return { schema: INTEGERS[0]!, value: 0 }
  const length = digits.length - scale
  // Of 64 bits an integer has 19 digits at most.
  if (length < 1 || length > 19 || (scale > 0 && !isZeros(digits.slice(length)))) return undefined
  const value = BigInt(minus + digits.slice(0, length) + '0'.repeat(Math.max(0, -scale)))
  const at = BITS.findIndex((bits) => BigInt.asIntN(bits, value) === value)
  if (at < 0) return undefined
  const number = Number(value)
  return { schema: INTEGERS[at]!, value: Number.isSafeInteger(number) ? number : value }
}

function real(double: number, minus: string, digits: string, scale: number): SchemaAndValue {
  if (scale !== 0) {
    const float = Math.fround(double)
    if (Number.isFinite(float)) return { schema: FLOAT32, value: float }
    if (Number.isFinite(double)) return { schema: FLOAT64, value: double }
  }
  return { schema: decimal(scale), value: minus + plain(digits, scale) }
}

function plain(digits: string, scale: number): string {
  if (scale <= 0) return digits + '0'.repeat(-scale)
  const padded = digits.padStart(scale + 1, '0')
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

function isZeros(digits: string): boolean {
  return /^0*$/.test(digits)
}

/** Which integer types and floats are wider than others. */
export const NUMBER_TYPES: readonly PrimitiveType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64']
