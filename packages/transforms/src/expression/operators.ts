/** What operators and methods of expressions do. */
import { DataError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { fieldValue, isFields } from '../fields.ts'
import { javaRegex } from '../java-regex.ts'

export type Operator = (a: Value, b: Value) => Value

/** By sign; the higher the level, the closer they bind. */
export const OPERATORS: ReadonlyMap<string, { readonly level: number; readonly apply: Operator }> = new Map([
  ['==', { level: 3, apply: equal }],
  ['===', { level: 3, apply: equal }],
  ['!=', { level: 3, apply: (a, b) => !equal(a, b) }],
  ['!==', { level: 3, apply: (a, b) => !equal(a, b) }],
  ['<', { level: 4, apply: (a, b) => compared(a, b) < 0 }],
  ['<=', { level: 4, apply: (a, b) => compared(a, b) <= 0 }],
  ['>', { level: 4, apply: (a, b) => compared(a, b) > 0 }],
  ['>=', { level: 4, apply: (a, b) => compared(a, b) >= 0 }],
  ['in', { level: 4, apply: (a, b) => listOf(b).some((item) => equal(a, item)) }],
  [
    '+',
    {
      level: 5,
      apply: (a, b) =>
        typeof a === 'string' ? a + textOf(b) : typeof b === 'string' ? textOf(a) + b : numberOf(a) + numberOf(b),
    },
  ],
  ['-', { level: 5, apply: (a, b) => numberOf(a) - numberOf(b) }],
  ['*', { level: 6, apply: (a, b) => numberOf(a) * numberOf(b) }],
  ['/', { level: 6, apply: (a, b) => numberOf(a) / numberOf(b) }],
  ['%', { level: 6, apply: (a, b) => numberOf(a) % numberOf(b) }],
])

/** The argument is null where there is none. */
type Method = (on: Value, arg: Value) => Value

/** By name, with the number of arguments. */
export const METHODS: ReadonlyMap<string, { readonly count: 0 | 1; readonly apply: Method }> = new Map<
  string,
  { readonly count: 0 | 1; readonly apply: Method }
>([
  ['get', { count: 1, apply: (on, name) => memberOf(on, textOf(name)) }],
  [
    'containsKey',
    {
      count: 1,
      apply: (on, name) => isFields(on) && (on instanceof Map ? on.has(name) : Object.hasOwn(on, textOf(name))),
    },
  ],
  ['equals', { count: 1, apply: (on, other) => equal(on, other) }],
  ['startsWith', { count: 1, apply: (on, part) => wordOf(on).startsWith(wordOf(part)) }],
  ['endsWith', { count: 1, apply: (on, part) => wordOf(on).endsWith(wordOf(part)) }],
  [
    'contains',
    {
      count: 1,
      apply: (on, part) =>
        typeof on === 'string' ? on.includes(wordOf(part)) : listOf(on).some((item) => equal(item, part)),
    },
  ],
  ['matches', { count: 1, apply: (on, pattern) => javaRegex(wordOf(pattern)).whole.test(wordOf(on)) }],
  ['toLowerCase', { count: 0, apply: (on) => wordOf(on).toLowerCase() }],
  ['toUpperCase', { count: 0, apply: (on) => wordOf(on).toUpperCase() }],
  ['trim', { count: 0, apply: (on) => wordOf(on).trim() }],
  ['toString', { count: 0, apply: textOf }],
  ['length', { count: 0, apply: (on) => wordOf(on).length }],
  ['size', { count: 0, apply: (on) => (typeof on === 'string' ? on.length : listOf(on).length) }],
  ['isEmpty', { count: 0, apply: (on) => (typeof on === 'string' ? on === '' : listOf(on).length === 0) }],
])

/** A field of an object. @throws DataError when it is no object, null included */
export function memberOf(value: Value, name: string): Value {
  if (isFields(value)) return fieldValue(value, name)
  throw new DataError(`Cannot get property '${name}' on ${value === null ? 'null object' : typeof value}`, {
    remedy: 'Ask first, as in value.before != null && …, or write value.before?.id.',
  })
}

/** Numbers are equal by what they are, whole ones beyond 2^53 included. */
function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  return isNumber(a) && isNumber(b) && typeof a !== typeof b && !(a < b) && !(a > b)
}

function compared(a: Value, b: Value): number {
  if ((isNumber(a) && isNumber(b)) || (typeof a === 'string' && typeof b === 'string'))
    return a < b ? -1 : a > b ? 1 : 0
  throw new DataError(`Cannot compare ${kindOf(a)} with ${kindOf(b)}`)
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

export function numberOf(value: Value): number {
  if (isNumber(value)) return Number(value)
  throw new DataError(`Cannot calculate with ${kindOf(value)}`)
}

function wordOf(value: Value): string {
  if (typeof value === 'string') return value
  throw new DataError(`Expected a text, found ${kindOf(value)}`)
}

function listOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value as readonly Value[]
  if (isFields(value))
    return value instanceof Map ? [...(value as ReadonlyMap<Value, Value>).keys()] : Object.keys(value)
  throw new DataError(`Expected a list, found ${kindOf(value)}`)
}

function textOf(value: Value): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : valueText(null, value)
  throw new DataError(`No text for ${kindOf(value)}`)
}

function kindOf(value: Value): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : isFields(value) ? 'an object' : `a ${typeof value}`
}
