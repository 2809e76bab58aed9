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
/** A part of a text keeps all of it in memory if it has at least so many characters: such ones are read by themselves. */
const PART_KEEPS_TEXT = 13

type Scalar = string | number | boolean | null

export class FlatReader {
  readonly #shapes: Shape[] = []
  #credit = CREDIT_MOST
  #pause = 0

  /** What `JSON.parse` makes of the text of the bytes. */
  read(bytes: Buffer): JsonObject | undefined {
    if (this.#pause > 0) {
      this.#pause--
      return undefined
    }
    for (const shape of this.#shapes) {
      const value = shape.read(bytes)
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
  readonly #before: readonly Uint8Array[]
  /** Copies of it have their members in place. */
  readonly #template: Readonly<Record<string, Scalar>>
  /** Where the texts begin and end; -1: the value is none, and among the values. */
  readonly #begins: Int32Array
  readonly #ends: Int32Array
  readonly #values: Scalar[]

  constructor(names: readonly string[], template: Record<string, Scalar>) {
    this.#names = names
    this.#before = names.map((name, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`))
    this.#template = template
    this.#begins = new Int32Array(names.length)
    this.#ends = new Int32Array(names.length)
    this.#values = names.map(() => null)
  }

  has(names: readonly string[]): boolean {
    return names.length === this.#names.length && names.every((name, i) => name === this.#names[i])
  }

  /** Bytes are compared where they lie; a text is made of them when all is as expected. */
  read(bytes: Buffer): JsonObject | undefined {
    const before = this.#before
    const begins = this.#begins
    const { length } = bytes
    let at = 0
    for (let i = 0; i < before.length; i++) {
      const part = before[i]!
      if (at + part.length >= length) return undefined
      for (let j = 0; j < part.length; j++) if (bytes[at + j] !== part[j]) return undefined
      at += part.length
      if (bytes[at] === QUOTE) {
        const end = endOfPlain(bytes, at + 1)
        if (end < 0) return undefined
        begins[i] = at + 1
        this.#ends[i] = end
        at = end + 1
      } else {
        const value = scalar(bytes, at)
        if (value === undefined) return undefined
        begins[i] = -1
        this.#values[i] = value
        at = behind
      }
    }
    return bytes[at] === CLOSE && at + 1 === length ? this.#object(bytes) : undefined
  }

  #object(bytes: Buffer): JsonObject {
    const names = this.#names
    const text = bytes.toString('latin1')
    const object: Record<string, Scalar> = { ...this.#template }
    for (let i = 0; i < names.length; i++) {
      const begin = this.#begins[i]!
      const end = this.#ends[i]!
      if (begin < 0) object[names[i]!] = this.#values[i]!
      else
        object[names[i]!] =
          end - begin < PART_KEEPS_TEXT ? text.substring(begin, end) : bytes.toString('latin1', begin, end)
    }
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

/** Where the text of a string ends that is of ASCII without escapes; -1: there is another character, or no end. */
function endOfPlain(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) return at
    if (byte < 0x20 || byte > 0x7f || byte === BACKSLASH) return -1
  }
  return -1
}

/** Where the scalar ended that was read last: a second result, without an object for each. */
let behind = 0

function scalar(bytes: Uint8Array, at: number): Scalar | undefined {
  switch (bytes[at]!) {
    case 0x6e:
      return literal('null', null, bytes, at)
    case 0x74:
      return literal('true', true, bytes, at)
    case 0x66:
      return literal('false', false, bytes, at)
    default:
      return decimal(bytes, at)
  }
}

function literal<T>(name: string, value: T, bytes: Uint8Array, at: number): T | undefined {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return undefined
  behind = at + name.length
  return value
}

/** So many digits are exact, and so is the power of ten below them: dividing rounds once, and to the double that is meant. */
const DIGITS_MOST = 15
const POWERS = Array.from({ length: DIGITS_MOST + 1 }, (_, power) => 10 ** power)

/** Behind the end there is no number, which is no digit either. */
function decimal(bytes: Uint8Array, from: number): number | undefined {
  let at = from
  let byte = bytes[at]!
  const isNegative = byte === MINUS
  if (isNegative) byte = bytes[++at]!
  const first = at
  let digits = 0
  while (byte >= ZERO && byte <= NINE) {
    digits = digits * 10 + (byte - ZERO)
    byte = bytes[++at]!
  }
  const whole = at - first
  if (whole === 0 || (whole > 1 && bytes[first] === ZERO)) return undefined
  let fraction = 0
  if (byte === POINT) {
    const point = at
    byte = bytes[++at]!
    while (byte >= ZERO && byte <= NINE) {
      digits = digits * 10 + (byte - ZERO)
      byte = bytes[++at]!
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
