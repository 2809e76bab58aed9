/**
 * A JSON parser that takes what Jackson takes as Kafka Connect sets it up: numbers with leading zeros, and anything behind the
 * first value. It keeps the text of numbers and says where it stopped. `JSON.parse` does the work in the common case; this one
 * is asked when that fails or loses digits.
 */
import { DataError } from '@sluice/sdk'
import { JsonNumber, setMember } from './json-node.ts'
import type { JsonNode, JsonObject } from './json-node.ts'

/** Jackson's limits. */
const MAX_DEPTH = 1000
const MAX_NUMBER_LENGTH = 1000

/** Text that is not JSON: in Connect's words, with the detail as its cause. */
export function notJson(detail: string, place?: { readonly line: number; readonly column: number }): DataError {
  const message = 'Converting byte[] to Kafka Connect data failed due to serialization error: '
  const cause = new DataError(detail)
  const remedy = 'Check that the topic holds JSON in UTF-8, or set the converter that its producer used.'
  return new DataError(message, { cause, remedy, ...(place !== undefined && { place: { ...place } }) })
}

/** Where a member of the outermost object stands in the text. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface JsonDocument {
  /** Undefined when there is nothing but white space. */
  readonly root: JsonNode | undefined
  /** The values of the outermost object's members. */
  readonly spans: ReadonlyMap<string, Span>
}

/** @throws DataError for text that does not begin with a JSON value */
export function parseExactly(text: string): JsonDocument {
  return new Parser(text).document()
}

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0
  readonly #spans = new Map<string, Span>()

  constructor(text: string) {
    this.#text = text
    // A byte order mark is not part of the document.
    if (text.charCodeAt(0) === 0xfeff) this.#at = 1
  }

  document(): JsonDocument {
    this.#skipBlanks()
    if (this.#at >= this.#text.length) return { root: undefined, spans: this.#spans }
    const root = this.#value()
    const next = this.#text[this.#at]
    if (root instanceof JsonNumber && next !== undefined && !isBlank(next))
      this.#fail(`Unexpected character (${shown(next)}): Expected space separating root-level values`)
    return { root, spans: this.#spans }
  }

  #value(): JsonNode {
    const char = this.#text[this.#at]
    switch (char) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return this.#string()
      case undefined:
        return this.#fail('Unexpected end-of-input')
      default:
        return char === '-' || isDigit(char) ? this.#number() : this.#word()
    }
  }

  #object(): JsonObject {
    this.#enter()
    const object: JsonObject = {}
    this.#skipBlanks()
    if (this.#text[this.#at] === '}') return this.#leave(object)
    for (;;) {
      if (this.#text[this.#at] !== '"') this.#unexpected('was expecting double-quote to start field name')
      const name = this.#string()
      this.#skipBlanks()
      if (this.#text[this.#at] !== ':') this.#unexpected('was expecting a colon to separate field name and value')
      this.#at++
      this.#skipBlanks()
      const from = this.#at
      setMember(object, name, this.#value())
      if (this.#depth === 1) this.#spans.set(name, { from, to: this.#at })
      this.#skipBlanks()
      if (this.#text[this.#at] === '}') return this.#leave(object)
      if (this.#text[this.#at] !== ',') this.#unexpected('was expecting comma to separate Object entries')
      this.#at++
      this.#skipBlanks()
    }
  }

  #array(): JsonNode[] {
    this.#enter()
    const items: JsonNode[] = []
    this.#skipBlanks()
    if (this.#text[this.#at] === ']') return this.#leave(items)
    for (;;) {
      items.push(this.#value())
      this.#skipBlanks()
      if (this.#text[this.#at] === ']') return this.#leave(items)
      if (this.#text[this.#at] !== ',') this.#unexpected('was expecting comma to separate Array entries')
      this.#at++
      this.#skipBlanks()
    }
  }

  #enter(): void {
    this.#at++
    if (++this.#depth > MAX_DEPTH)
      this.#fail(`Document nesting depth (${this.#depth}) exceeds the maximum allowed (${MAX_DEPTH})`)
  }

  #leave<T>(container: T): T {
    this.#at++
    this.#depth--
    return container
  }

  #string(): string {
    let text = ''
    let from = ++this.#at
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) return this.#fail('Unexpected end-of-input in a String value')
      if (char === '"') {
        text += this.#text.slice(from, this.#at++)
        return text
      }
      if (char === '\\') {
        text += this.#text.slice(from, this.#at) + this.#escape()
        from = this.#at
      } else if (char < ' ')
        this.#fail(`Illegal unquoted character (${shown(char)}): has to be escaped using backslash in a String value`)
      else this.#at++
    }
  }

  #escape(): string {
    const char = this.#text[this.#at + 1]
    if (char === 'u') {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6)
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('Expected a hex-digit for character escape sequence')
      this.#at += 6
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    const meant = char === undefined ? undefined : ESCAPES.get(char)
    if (meant === undefined) return this.#fail(`Unrecognized character escape ${char === undefined ? '' : shown(char)}`)
    this.#at += 2
    return meant
  }

  #number(): JsonNumber {
    const pattern = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0]
    if (text === undefined) {
      this.#at++
      return this.#unexpected('expected digit (0-9) to follow minus sign, for valid numeric value')
    }
    this.#at += text.length
    const next = this.#text[this.#at]
    if (next === '.') this.#fail('Decimal point not followed by a digit')
    if (next === 'e' || next === 'E') this.#fail('Exponent indicator not followed by a digit')
    if (text.length > MAX_NUMBER_LENGTH)
      this.#fail(`Number value length (${text.length}) exceeds the maximum allowed (${MAX_NUMBER_LENGTH})`)
    return new JsonNumber(text)
  }

  #word(): boolean | null {
    const pattern = /[\p{L}\p{N}_$]+/uy
    pattern.lastIndex = this.#at
    const word = pattern.exec(this.#text)?.[0]
    const expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    if (word === undefined) return this.#unexpected(`expected a valid value ${expected}`)
    const value = word === 'true' ? true : word === 'false' ? false : word === 'null' ? null : undefined
    if (value === undefined) return this.#fail(`Unrecognized token '${word}': was expecting ${expected}`)
    this.#at += word.length
    return value
  }

  #skipBlanks(): void {
    while (isBlank(this.#text[this.#at])) this.#at++
  }

  #unexpected(expectation: string): never {
    const char = this.#text[this.#at]
    return this.#fail(
      char === undefined ? 'Unexpected end-of-input' : `Unexpected character (${shown(char)}): ${expectation}`,
    )
  }

  #fail(detail: string): never {
    const before = this.#text.slice(0, this.#at).split('\n')
    throw notJson(detail, { line: before.length, column: before.at(-1)!.length + 1 })
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t'
}

function shown(char: string): string {
  const code = char.charCodeAt(0)
  return code < 0x20 ? `CTRL-CHAR, code ${code}` : `'${char}' (code ${code})`
}
