/**
 * Reads objects whose members are those of objects before them, in the same order, as the records of a topic mostly are: in a third of
 * the time that `JSON.parse` takes, which has to find out what they are each time. It knows what it does not know: for any text that is
 * not written just so, the answer is undefined, and the text is to be parsed.
 */
import type { JsonNode, JsonObject } from './json-node.ts'

/** Shapes of one topic that are kept. */
const SHAPES_MOST = 4
const MEMBERS_MOST = 64
/** An attempt in vain costs about so many times what one that succeeds saves. */
const IN_VAIN = 4
const CREDIT_MOST = 64
/** So many texts are left alone when attempts do not pay. */
const PAUSE = 1000
/** A part of a text keeps all of it in memory if it has at least so many characters: such ones are copied. */
const PART_KEEPS_TEXT = 13

type Scalar = string | number | boolean | null

export class FlatReader {
  readonly #shapes: Shape[] = []
  #credit = CREDIT_MOST
  #pause = 0

  /** What `JSON.parse` makes of a text, which is that of the bytes. */
  read(text: string, bytes: Buffer): JsonObject | undefined {
    if (this.#pause > 0) {
      this.#pause--
      return undefined
    }
    // Then it is ASCII, and a character is where its byte is.
    if (text.length !== bytes.length) return undefined
    for (const shape of this.#shapes) {
      const value = shape.read(text, bytes)
      if (value === undefined) continue
      if (this.#credit < CREDIT_MOST) this.#credit++
      return value
    }
    return undefined
  }

  /** What the text of an attempt in vain was. */
  learn(node: JsonNode): void {
    if (this.#pause > 0) return
    this.#credit -= IN_VAIN
    if (this.#credit < 0) {
      this.#shapes.length = 0
      this.#credit = CREDIT_MOST
      this.#pause = PAUSE
    } else if (this.#shapes.length < SHAPES_MOST && isFlat(node)) {
      const names = Object.keys(node)
      if (!this.#shapes.some((shape) => shape.has(names))) this.#shapes.push(new Shape(names, { ...node }))
    }
  }
}

function isFlat(node: JsonNode): node is Record<string, Scalar> {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return false
  const members = Object.entries(node)
  // Assigned, that name would be another thing than a member.
  return (
    members.length > 0 &&
    members.length <= MEMBERS_MOST &&
    members.every(([name, value]) => name !== '__proto__' && (value === null || typeof value !== 'object'))
  )
}

class Shape {
  readonly #names: readonly string[]
  /** What stands before each value. */
  readonly #before: readonly string[]
  /** Copies of it have their members in place. */
  readonly #template: Readonly<Record<string, Scalar>>
  readonly #values: Scalar[]

  constructor(names: readonly string[], template: Record<string, Scalar>) {
    this.#names = names
    this.#before = names.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`)
    this.#template = template
    this.#values = names.map(() => null)
  }

  has(names: readonly string[]): boolean {
    return names.length === this.#names.length && names.every((name, i) => name === this.#names[i])
  }

  read(text: string, bytes: Buffer): JsonObject | undefined {
    const before = this.#before
    const values = this.#values
    let at = 0
    for (let i = 0; i < before.length; i++) {
      const part = before[i]!
      for (let j = 0; j < part.length; j++) if (text.charCodeAt(at + j) !== part.charCodeAt(j)) return undefined
      at += part.length
      if (text.charCodeAt(at) === QUOTE) {
        const end = endOfPlain(text, at + 1)
        if (end < 0) return undefined
        values[i] = end - at > PART_KEEPS_TEXT ? bytes.toString('latin1', at + 1, end) : text.substring(at + 1, end)
        at = end + 1
      } else {
        const value = scalar(text, at)
        if (value === undefined) return undefined
        values[i] = value
        at = behind
      }
    }
    if (text.charCodeAt(at) !== CLOSE || at + 1 !== text.length) return undefined
    const names = this.#names
    const object: Record<string, Scalar> = { ...this.#template }
    for (let i = 0; i < names.length; i++) object[names[i]!] = values[i]!
    return object
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const CLOSE = 0x7d
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39

/** Where the text of a string ends that has no escapes; -1: it has, or is none. */
function endOfPlain(text: string, from: number): number {
  let at = from
  let char = text.charCodeAt(at)
  while (char !== QUOTE) {
    // Behind the end there is no number, which is not at least a space either.
    if (!(char >= 0x20) || char === BACKSLASH) return -1
    char = text.charCodeAt(++at)
  }
  return at
}

/** Where the scalar ended that was read last: a second result, without an object for each. */
let behind = 0

function scalar(text: string, at: number): Scalar | undefined {
  switch (text.charCodeAt(at)) {
    case 0x6e:
      return literal('null', null, text, at)
    case 0x74:
      return literal('true', true, text, at)
    case 0x66:
      return literal('false', false, text, at)
    default:
      return decimal(text, at)
  }
}

function literal<T>(name: string, value: T, text: string, at: number): T | undefined {
  if (!text.startsWith(name, at)) return undefined
  behind = at + name.length
  return value
}

/** So many digits are exact, and so is the power of ten below them: dividing rounds once, and to the double that is meant. */
const DIGITS_MOST = 15
const POWERS = Array.from({ length: DIGITS_MOST + 1 }, (_, power) => 10 ** power)

function decimal(text: string, from: number): number | undefined {
  let at = from
  let char = text.charCodeAt(at)
  const isNegative = char === MINUS
  if (isNegative) char = text.charCodeAt(++at)
  const first = at
  let digits = 0
  while (char >= ZERO && char <= NINE) {
    digits = digits * 10 + (char - ZERO)
    char = text.charCodeAt(++at)
  }
  const whole = at - first
  if (whole === 0 || (whole > 1 && text.charCodeAt(first) === ZERO)) return undefined
  let fraction = 0
  if (char === POINT) {
    const point = at
    char = text.charCodeAt(++at)
    while (char >= ZERO && char <= NINE) {
      digits = digits * 10 + (char - ZERO)
      char = text.charCodeAt(++at)
    }
    fraction = at - point - 1
    if (fraction === 0) return undefined
  }
  // What stands behind it, such as an exponent, is no part of the shape: the attempt ends there. So it does at a zero with a sign.
  if (whole + fraction > DIGITS_MOST || (isNegative && digits === 0)) return undefined
  behind = at
  const value = fraction === 0 ? digits : digits / POWERS[fraction]!
  return isNegative ? -value : value
}
