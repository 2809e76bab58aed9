/**
 * The value that a text in a setting stands for, by the rules of Connect's `Values.parseString`: null, booleans, numbers of the
 * smallest type that holds them, dates and times in ISO form, `[lists]` and `{maps}`; anything else is the text itself.
 */
import { array, date, decimal, map, primitive, time, timestamp } from '@sluice/sdk'
import type { PrimitiveType, Schema, Value } from '@sluice/sdk'
import { longValue } from './java-number.ts'

/** A value with its schema. A list or map whose elements have no common type has none. */
export interface Literal {
  readonly schema: Schema | null
  readonly value: Value
}

/** Never fails: what cannot be read is text. */
export function headerLiteral(text: string): Literal {
  const asText: Literal = { schema: primitive('string'), value: text }
  const trimmed = text.trim()
  if (trimmed === '') return asText
  if (!trimmed.startsWith('[') && !trimmed.startsWith('{')) return scalar(trimmed) ?? asText
  const parser = new LiteralParser(trimmed)
  const found = parser.element()
  return found === undefined || !parser.isAtEnd ? asText : found
}

class LiteralParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    this.#skipBlanks()
    return this.#at >= this.#text.length
  }

  /** An element, nested or not; undefined when there is none. */
  element(): Literal | undefined {
    this.#skipBlanks()
    const char = this.#text[this.#at]
    if (char === '[') return this.#list()
    if (char === '{') return this.#map()
    if (char === '"') return this.#quoted()
    return this.#token(/^[^\][{}",:]*(?::[^\][{}",:]*)*/.exec(this.#text.slice(this.#at))![0])
  }

  /** A time holds colons, which also end the key of an entry: the longest beginning that means something counts. */
  #token(token: string): Literal | undefined {
    for (let end = token.length; end > 0; end = token.lastIndexOf(':', end - 1)) {
      const found = scalar(token.slice(0, end).trim())
      if (found === undefined) continue
      this.#at += end
      return found
    }
    return undefined
  }

  #list(): Literal | undefined {
    this.#at++
    const items: Literal[] = []
    if (this.#take(']')) return listOf(items)
    for (;;) {
      const item = this.element()
      if (item === undefined) return undefined
      items.push(item)
      if (this.#take(']')) return listOf(items)
      if (!this.#take(',')) return undefined
    }
  }

  #map(): Literal | undefined {
    this.#at++
    const entries: [Literal, Literal][] = []
    if (this.#take('}')) return mapOf(entries)
    for (;;) {
      const key = this.element()
      if (key === undefined || key.value === null || !this.#take(':')) return undefined
      const item = this.element()
      if (item === undefined) return undefined
      entries.push([key, item])
      if (this.#take('}')) return mapOf(entries)
      if (!this.#take(',')) return undefined
    }
  }

  #quoted(): Literal | undefined {
    const found = /^"((?:[^"\\]|\\[^])*)"/.exec(this.#text.slice(this.#at))
    if (found === null) return undefined
    this.#at += found[0].length
    return { schema: primitive('string'), value: found[1]! }
  }

  #take(char: string): boolean {
    this.#skipBlanks()
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }
}

const DAY_MS = 86_400_000

function scalar(text: string): Literal | undefined {
  if (text === 'null') return { schema: null, value: null }
  if (text === 'true' || text === 'false') return { schema: primitive('boolean'), value: text === 'true' }
  return temporal(text) ?? (/^[\d+-]/.test(text) ? number(text) : undefined)
}

function temporal(text: string): Literal | undefined {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const isTime = /^\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)
  if (!isDate && !isTime && !isInstant) return undefined
  const milliseconds = Date.parse(isTime ? `1970-01-01T${text}` : text)
  if (Number.isNaN(milliseconds)) return undefined
  if (isInstant) return { schema: timestamp(), value: milliseconds }
  return isTime ? { schema: time(), value: milliseconds } : { schema: date(), value: milliseconds / DAY_MS }
}

/** The longest exponent that is written out; nobody means a longer one. */
const MAX_EXPONENT = 10_000

function number(text: string): Literal | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  if (whole + fraction === '' || Math.abs(Number(exponent)) > MAX_EXPONENT) return undefined
  const scale = fraction.length - Number(exponent)
  const unscaled = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n)
  const integer = exactInteger(unscaled, scale)
  if (integer !== undefined && BigInt.asIntN(64, integer) === integer)
    return { schema: primitive(smallestInteger(integer)), value: longValue(integer) }
  const double = Number(text)
  if (scale !== 0 && Number.isFinite(Math.fround(double)))
    return { schema: primitive('float32'), value: Math.fround(double) }
  if (scale !== 0 && Number.isFinite(double)) return { schema: primitive('float64'), value: double }
  return { schema: decimal(scale), value: decimalText(unscaled, scale) }
}

function exactInteger(unscaled: bigint, scale: number): bigint | undefined {
  if (scale <= 0) return unscaled * 10n ** BigInt(-scale)
  const power = 10n ** BigInt(scale)
  return unscaled % power === 0n ? unscaled / power : undefined
}

function smallestInteger(value: bigint): PrimitiveType {
  if (BigInt.asIntN(8, value) === value) return 'int8'
  if (BigInt.asIntN(16, value) === value) return 'int16'
  return BigInt.asIntN(32, value) === value ? 'int32' : 'int64'
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale))
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function listOf(items: readonly Literal[]): Literal {
  const schema = commonSchema(items)
  const value = items.map((item) => item.value)
  return schema === undefined ? { schema: null, value } : { schema: array(schema), value }
}

function mapOf(entries: readonly (readonly [Literal, Literal])[]): Literal {
  const keys = commonSchema(entries.map(([key]) => key))
  const values = commonSchema(entries.map(([, item]) => item))
  const value = new Map(entries.map(([key, item]) => [key.value, item.value]))
  return keys === undefined || values === undefined ? { schema: null, value } : { schema: map(keys, values), value }
}

const NUMBERS: readonly string[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64']

/** The schema that all have, the widest for numbers; nulls make it optional. */
function commonSchema(literals: readonly Literal[]): Schema | undefined {
  const schemas = literals.filter(({ value }) => value !== null).map(({ schema }) => schema)
  const [first] = schemas
  if (first === undefined || schemas.includes(null) || schemas.length < literals.length) return undefined
  let common = first
  for (const schema of schemas) {
    if (schema === null || common === null) return undefined
    const isSame = JSON.stringify(schema) === JSON.stringify(common)
    if (isSame) continue
    const [a, b] = [NUMBERS.indexOf(common.type), NUMBERS.indexOf(schema.type)]
    if (a < 0 || b < 0 || common.name !== undefined || schema.name !== undefined) return undefined
    if (b > a) common = schema
  }
  return common ?? undefined
}
