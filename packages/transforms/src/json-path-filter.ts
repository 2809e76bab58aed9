/**
 * JSONPath with one condition, as Confluent's Filter takes it: `$[?(@.state == 'paid' && @.sum > 100)]`, `$.items[?(@.id in [1, 2])]`,
 * `$[?(@.name =~ /(?i)a.+/)]`, `$.after.topic`. What it means is what Jayway's JsonPath, which that transform is built on, makes of it.
 */
import { SluiceError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { isFields } from './fields.ts'
import { longValue } from './java-number.ts'
import { javaRegex } from './java-regex.ts'
import { along, STEPS, stepsOf } from './json-path.ts'
import { sameValue } from './same-value.ts'

export interface JsonPathFilter {
  /** What the path leads to: what is looked at, or what there must be; null where there is nothing. */
  target(this: void, root: Value): Value
  /** Whether the condition is true of the target, or of one of its elements; where there is no condition always. */
  matches(this: void, target: Value, root: Value): boolean
}

/** @throws SluiceError SETTINGS_INVALID naming the setting and the place */
export function compileJsonPathFilter(text: string, setting: string): JsonPathFilter {
  const found = new RegExp(String.raw`^\s*\$(${STEPS})(?:\.?\[\?\(([^]*)\)\])?\s*$`).exec(text)
  if (found === null) throw invalid(text, setting, 'not $[?(condition)]')
  const [, path, condition] = found
  const steps = stepsOf(path!)
  const target = (root: Value): Value => along(root, steps)
  if (condition === undefined) {
    if (steps.length === 0) throw invalid(text, setting, 'not $[?(condition)]')
    return { target, matches: () => true }
  }
  try {
    const holds = new Conditions(condition).whole()
    return {
      target,
      matches: (value, root) =>
        Array.isArray(value)
          ? (value as readonly Value[]).some((item) => holds(item, root))
          : isFields(value) && holds(value, root),
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(text, setting, error.message)
    throw error
  }
}

type Condition = (item: Value, root: Value) => boolean
type Operand = (item: Value, root: Value) => Value

/** Blank, path, text, number, word, pattern with flags, sign: the longest of these that is there. */
const TOKEN = new RegExp(
  [
    String.raw`\s+`,
    `(?<path>[@$]${STEPS})`,
    String.raw`'(?<single>(?:[^'\\]|\\[^])*)'|"(?<double>(?:[^"\\]|\\[^])*)"`,
    String.raw`(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)`,
    String.raw`(?<word>[A-Za-z]+)`,
    String.raw`\/(?<pattern>(?:[^\/\\]|\\[^])*)\/(?<flags>[a-z]*)`,
    String.raw`(?<sign>&&|\|\||==|!=|<=|>=|=~|[<>!(),[\]])`,
  ].join('|'),
  'y',
)

type Kind = 'path' | 'single' | 'double' | 'number' | 'word' | 'pattern' | 'flags' | 'sign'
type Token = { readonly at: number } & Readonly<Partial<Record<Kind, string | undefined>>>

const END: Token = { at: -1 }

const OPERATORS: ReadonlyMap<string, (a: Value, b: Value) => boolean> = new Map([
  ['==', equal],
  ['!=', (a, b) => !equal(a, b)],
  ['<', (a, b) => compared(a, b, (order) => order < 0)],
  ['<=', (a, b) => compared(a, b, (order) => order <= 0)],
  ['>', (a, b) => compared(a, b, (order) => order > 0)],
  ['>=', (a, b) => compared(a, b, (order) => order >= 0)],
  ['in', (a, b) => isIn(a, b)],
  ['nin', (a, b) => !isIn(a, b)],
  ['contains', (a, b) => (typeof a === 'string' ? typeof b === 'string' && a.includes(b) : isIn(b, a))],
])

/** Deeper than this nobody nests a condition. */
const DEPTH_MAX = 100

class Conditions {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
  }

  whole(): Condition {
    const condition = this.#or()
    if (this.#at < this.#tokens.length) this.#unexpected()
    return condition
  }

  #or(): Condition {
    if (++this.#depth > DEPTH_MAX) throw new SyntaxError('too deeply nested')
    const parts = [this.#and()]
    while (this.#take('||')) parts.push(this.#and())
    this.#depth--
    return (item, root) => parts.some((part) => part(item, root))
  }

  #and(): Condition {
    const parts = [this.#not()]
    while (this.#take('&&')) parts.push(this.#not())
    return (item, root) => parts.every((part) => part(item, root))
  }

  #not(): Condition {
    if (this.#take('!')) {
      if (++this.#depth > DEPTH_MAX) throw new SyntaxError('too deeply nested')
      const inner = this.#not()
      this.#depth--
      return (item, root) => !inner(item, root)
    }
    if (!this.#take('(')) return this.#relation()
    const inner = this.#or()
    if (!this.#take(')')) this.#unexpected()
    return inner
  }

  /** A path alone asks whether there is something. */
  #relation(): Condition {
    const isPath = this.#tokens[this.#at]?.path !== undefined
    const left = this.#operand()
    if (this.#take('=~')) return this.#fits(left)
    const { word, sign } = this.#tokens[this.#at] ?? END
    const operator = OPERATORS.get(word ?? sign ?? '')
    if (operator === undefined) return isPath ? (item, root) => left(item, root) !== null : this.#unexpected()
    this.#at++
    const right = this.#operand()
    return (item, root) => operator(left(item, root), right(item, root))
  }

  #fits(left: Operand): Condition {
    const { pattern, flags } = this.#tokens[this.#at++] ?? END
    if (pattern === undefined) return this.#unexpected(-1)
    const { whole } = javaRegex(flags === '' ? pattern : `(?${flags!})${pattern}`)
    const fits = (value: Value): boolean =>
      value !== null && typeof value !== 'object' && whole.test(valueText(null, value))
    return (item, root) => {
      const value = left(item, root)
      return Array.isArray(value) ? (value as readonly Value[]).some(fits) : fits(value)
    }
  }

  #operand(): Operand {
    const token = this.#tokens[this.#at++]
    if (token === undefined) return this.#unexpected()
    const { path, single, double, number, word, sign } = token
    if (path !== undefined) {
      const steps = stepsOf(path.slice(1))
      return path.startsWith('@') ? (item) => along(item, steps) : (_item, root) => along(root, steps)
    }
    const text = single ?? double
    if (text !== undefined) {
      const unescaped = text.replaceAll(/\\([^])/g, '$1')
      return () => unescaped
    }
    if (number !== undefined) {
      const parsed = /^-?\d+$/.test(number) ? longValue(BigInt(number)) : Number(number)
      return () => parsed
    }
    if (word !== undefined && WORDS.has(word)) return () => WORDS.get(word)!
    return sign === '[' ? this.#list() : this.#unexpected(-1)
  }

  #list(): Operand {
    const items: Operand[] = []
    while (!this.#take(']')) {
      if (items.length > 0 && !this.#take(',')) this.#unexpected()
      items.push(this.#operand())
    }
    return (item, root) => items.map((each) => each(item, root))
  }

  #take(sign: string): boolean {
    if (this.#tokens[this.#at]?.sign !== sign) return false
    this.#at++
    return true
  }

  #unexpected(step = 0): never {
    const token = this.#tokens[this.#at + step]
    throw new SyntaxError(
      token === undefined ? 'the condition ends too early' : `unexpected at position ${token.at + 1}`,
    )
  }
}

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
])

function tokensOf(text: string): readonly Token[] {
  const found: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw new SyntaxError(`unexpected ${JSON.stringify(text[at])} at position ${at + 1}`)
    if (match[0].trim() !== '') found.push({ at, ...(match.groups as Omit<Token, 'at'>) })
  }
  return found
}

/** Beside a number the text of one is that number: decimals are texts here. */
function equal(a: Value, b: Value): boolean {
  const [left, right] = [numeric(a, b), numeric(b, a)]
  // Not by ===: a number and a bigint are never that.
  if (isNumber(left) && isNumber(right)) return !(left < right) && !(left > right)
  return sameValue(a, b)
}

/** Of two numbers or two texts; nothing else comes before or behind anything. */
function compared(a: Value, b: Value, holds: (order: number) => boolean): boolean {
  const [left, right] = [numeric(a, b), numeric(b, a)]
  if (!(isNumber(left) && isNumber(right)) && !(typeof left === 'string' && typeof right === 'string')) return false
  return holds(left < right ? -1 : left > right ? 1 : 0)
}

function numeric(value: Value, beside: Value): Value {
  return typeof value === 'string' && isNumber(beside) && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value
}

function isIn(item: Value, list: Value): boolean {
  return Array.isArray(list) && (list as readonly Value[]).some((each) => equal(item, each))
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function invalid(text: string, setting: string, reason: string): SluiceError {
  return new SluiceError('SETTINGS_INVALID', `Invalid value ${text} for configuration ${setting}: ${reason}`, {
    remedy: "Write the condition as $[?(@.field == 'text')].",
  })
}
