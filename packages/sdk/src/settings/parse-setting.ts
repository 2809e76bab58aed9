/** Text to value and back, by ConfigDef's rules (`ConfigDef.parseType`, `ConfigDef.convertToString`). */
import type { SettingDeclaration, SettingType, SettingValue } from './declaration.ts'
import { Password } from './password.ts'
import { invalidValue } from './validators.ts'

/** A value, or why the text is none. */
export type ParseResult = { readonly value: SettingValue } | { readonly problem: string }

/** @param text as given; blanks around it do not count */
export function parseSetting(name: string, text: string, declaration: SettingDeclaration): ParseResult {
  const trimmed = trimBlanks(text)
  if (declaration.type === 'class') {
    const found = declaration.resolve === undefined ? trimmed : declaration.resolve(trimmed)
    return found === undefined
      ? { problem: invalidValue(name, text, `Class ${text} could not be found.`) }
      : { value: found }
  }
  const { type } = declaration
  const value = PARSERS[type](trimmed)
  if (value !== undefined) return { value }
  const reason =
    type === 'boolean' ? 'Expected value to be either true or false' : `Not a number of type ${type.toUpperCase()}`
  return { problem: invalidValue(name, text, reason) }
}

const INTEGER = /^[+-]?\d+$/
/** `Double.parseDouble`, without its hexadecimal form. */
const DOUBLE = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?|NaN|Infinity)$/
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

/** By type: the value of a text without blanks around it; undefined if it is none. */
const PARSERS: Readonly<Record<Exclude<SettingType, 'class'>, (text: string) => SettingValue | undefined>> = {
  string: (text) => text,
  password: (text) => new Password(text),
  boolean: (text) => BOOLEANS.get(text.toLowerCase()),
  // Not by a pattern with blanks around the comma, which takes the square of their number.
  list: (text) => (text === '' ? [] : text.split(',').map((element) => element.trim())),
  double: (text) => (DOUBLE.test(text) ? Number(text.replace(/[dDfF]$/, '')) : undefined),
  short: (text) => parseInteger(text, 16),
  int: (text) => parseInteger(text, 32),
  long: (text) => parseInteger(text, 64),
}

function parseInteger(text: string, bits: number): number | undefined {
  return INTEGER.test(text) && BigInt.asIntN(bits, integer(text)) === integer(text) ? Number(text) : undefined
}

/** The text of a value as REST shows it; null stays null. Secrets read `[hidden]`. */
export function settingText(value: SettingValue | null, type: SettingType): string | null {
  if (value === null) return null
  if (Array.isArray(value)) return value.join(',')
  return type === 'double' && typeof value === 'number' ? javaDouble(value) : String(value)
}

/** The text of an integer as given is exact where the number is not: 9223372036854775807. */
export function exactText(text: string, type: SettingType): string | undefined {
  return type === 'long' ? String(integer(trimBlanks(text))) : undefined
}

function integer(text: string): bigint {
  return text.startsWith('+') ? BigInt(text.slice(1)) : BigInt(text)
}

/** Java's `String.trim`: everything up to the blank counts as white space, and nothing else. */
function trimBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && text.charCodeAt(from) <= 0x20) from++
  while (to > from && text.charCodeAt(to - 1) <= 0x20) to--
  return text.slice(from, to)
}

/** Java's `Double.toString`: `1.0`, `1.0E7`, `1.0E-4`. */
function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value)
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`
}
