/**
 * JSON as a tree. It comes from `JSON.parse`, whose numbers are doubles, or from our own parser, which keeps a number's text:
 * the first is fast, the second exact.
 */
import { DataError } from '@sluice/sdk'
import type { Decimal } from '../decimal.ts'

export type JsonNode = null | boolean | number | string | JsonNumber | JsonNode[] | JsonObject
export interface JsonObject {
  [name: string]: JsonNode
}

/** A number as it was written. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Whether it is written without point and exponent: an integer in Jackson's eyes. */
  get isIntegral(): boolean {
    return !/[.eE]/.test(this.text)
  }

  toNumber(): number {
    // Java reads −0 as 0.
    return Number(this.text) + 0
  }

  /** Java's `longValue`: the fraction is cut off, and what is beyond 64 bits wraps. */
  toLong(): bigint {
    const { unscaled, scale } = this.toDecimal()
    if (scale === 0) return BigInt.asIntN(64, unscaled)
    // 10^64 has 64 factors of two: nothing is left in the lower 64 bits.
    if (scale <= -64) return 0n
    if (scale < 0) return BigInt.asIntN(64, unscaled * 10n ** BigInt(-scale))
    return scale > this.text.length ? 0n : BigInt.asIntN(64, unscaled / 10n ** BigInt(scale))
  }

  /** The whole part, if it fits into so many bits. @throws DataError if not */
  toFitting(bits: number): bigint {
    const { unscaled, scale } = this.toDecimal()
    // Far beyond any type, and beyond what is worth writing out.
    const whole =
      scale > this.text.length || unscaled === 0n
        ? 0n
        : scale < -64
          ? undefined
          : scale <= 0
            ? unscaled * 10n ** BigInt(-scale)
            : unscaled / 10n ** BigInt(scale)
    if (whole === undefined || BigInt.asIntN(bits, whole) !== whole) throw notFitting(this.text, bits)
    return whole
  }

  /** @throws DataError when the exponent is beyond what Java's BigDecimal holds */
  toDecimal(): Decimal {
    const [mantissa = '', exponent = '0'] = this.text.split(/[eE]/)
    const point = mantissa.indexOf('.')
    const scale = (point < 0 ? 0 : mantissa.length - point - 1) - Number(exponent)
    if (!Number.isSafeInteger(scale) || Math.abs(scale) > 2 ** 31) throw new DataError('Exponent overflow.')
    return { unscaled: BigInt(mantissa.replace('.', '')), scale }
  }
}

/** A JSON integer that its type is too narrow for, where that is not to pass. */
export function notFitting(text: string, bits: number): DataError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return new DataError(`The integer ${shown} does not fit into ${bits} bits`, {
    remedy:
      'Send it as a string or a decimal, or set integer.overflow=wrap to read it as Java does: as another number.',
  })
}

/** A 64-bit integer in our model: a number where that is exact. */
export function longValue(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

export function isJsonObject(node: JsonNode | undefined): node is JsonObject {
  return typeof node === 'object' && node !== null && !Array.isArray(node) && !(node instanceof JsonNumber)
}

/** A member's value; undefined when there is none of that name (and not what every object inherits). */
export function member(object: JsonObject, name: string): JsonNode | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Sets a member, whatever its name: `__proto__` is one like any other. */
export function setMember<T>(object: { [name: string]: T }, name: string, value: T): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  else object[name] = value
}

/** Jackson's `JsonNodeType`. */
export function nodeType(node: JsonNode | undefined): string {
  if (node === undefined) return 'MISSING'
  if (node === null) return 'NULL'
  if (Array.isArray(node)) return 'ARRAY'
  return node instanceof JsonNumber ? 'NUMBER' : (typeof node).toUpperCase()
}
