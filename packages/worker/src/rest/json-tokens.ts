/**
 * Reads JSON token by token, with Jackson's words and places for what is wrong: clients and tests of Kafka Connect compare them.
 * Token by token, because a body is refused at its first wrong token, be it wrong as JSON or as what was asked for; and because the
 * text of a number counts where a setting is a number (`1.0` stays `1.0`).
 */
import { HerderError } from '../herder/herder.ts'

export type TokenKind = 'object' | 'object end' | 'array' | 'array end' | 'name' | 'string' | 'number' | 'literal'

export interface JsonToken {
  readonly kind: TokenKind
  /** Of a string or name: what it says; of a number or literal: as it is written. */
  readonly text: string
  /** Where it begins: an index into the text. */
  readonly at: number
}

/** A body that is not what it should be: 500 in Kafka Connect, and so here. */
export class MalformedBody extends HerderError {
  override readonly name = 'MalformedBody'

  constructor(message: string) {
    super(500, message)
  }
}

const SOURCE = 'Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)'
const DEPTH_MAX = 1_000
const NUMBER_LENGTH_MAX = 1_000
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** What a string has besides its end, escapes, and what must be escaped. */
// oxlint-disable-next-line no-control-regex -- JSON's own rule
const PLAIN = /[^"\\\u0000-\u001f]*/y

interface Container {
  readonly isObject: boolean
  readonly at: number
  /** What may come next: an entry or the end, an entry after a comma or the end, a value after its name. */
  next: 'first' | 'comma' | 'value'
}

export class JsonTokens {
  readonly #text: string
  readonly #open: Container[] = []
  #at = 0

  /** @throws MalformedBody when the bytes are no UTF-8 */
  constructor(body: Uint8Array) {
    try {
      this.#text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    } catch {
      throw new MalformedBody('Invalid UTF-8: the request body must be JSON in UTF-8')
    }
  }

  /** Where reading is: behind the last token. */
  get at(): number {
    return this.#at
  }

  /** `line` and `column` as Jackson counts them: from 1, columns in bytes. */
  place(at: number): string {
    const before = this.#text.slice(0, at)
    const lineStart = before.lastIndexOf('\n') + 1
    const line = before.split('\n').length
    return `[${SOURCE}; line: ${line}, column: ${Buffer.byteLength(before.slice(lineStart)) + 1}]`
  }

  /** Null at the end of the text. What follows the first value is not looked at. @throws MalformedBody */
  next(): JsonToken | null {
    this.#skipBlanks()
    const container = this.#open.at(-1)
    if (container === undefined) return this.#at >= this.#text.length ? null : this.#value()
    if (this.#at >= this.#text.length) throw this.#endOfInput(container)
    if (container.next === 'value') {
      container.next = 'comma'
      return this.#value()
    }
    const end = this.#char() === '}' || this.#char() === ']' ? this.#close(container) : null
    if (end !== null) return end
    if (container.next === 'comma') this.#comma(container)
    if (container.isObject) return this.#name(container)
    container.next = 'comma'
    return this.#value()
  }

  #char(): string {
    return this.#text[this.#at] ?? ''
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #close(container: Container): JsonToken | null {
    const char = this.#char()
    if ((char === '}') !== container.isObject) {
      const what = container.isObject ? "'}' (for Object" : "']' (for Array"
      throw this.#problem(
        `Unexpected close marker '${char}': expected ${what} starting at ${this.place(container.at)})`,
      )
    }
    this.#open.pop()
    return { kind: container.isObject ? 'object end' : 'array end', text: char, at: this.#at++ }
  }

  #comma(container: Container): void {
    const entries = container.isObject ? 'Object' : 'Array'
    if (this.#char() !== ',') throw this.#unexpected(`was expecting comma to separate ${entries} entries`)
    this.#at++
    this.#skipBlanks()
    if (this.#at >= this.#text.length) throw this.#problem(`Unexpected end-of-input within/between ${entries} entries`)
  }

  #name(container: Container): JsonToken {
    if (this.#char() !== '"') throw this.#unexpected('was expecting double-quote to start field name')
    const at = this.#at
    const text = this.#string(' in field name')
    this.#skipBlanks()
    if (this.#at >= this.#text.length) throw this.#problem('Unexpected end-of-input within/between Object entries')
    if (this.#char() !== ':') throw this.#unexpected('was expecting a colon to separate field name and value')
    this.#at++
    container.next = 'value'
    return { kind: 'name', text, at }
  }

  #value(): JsonToken {
    const at = this.#at
    const char = this.#char()
    if (char === '{' || char === '[') return this.#start(char === '{')
    if (char === '"')
      return { kind: 'string', text: this.#string(': was expecting closing quote for a string value'), at }
    if (char === '-' || (char >= '0' && char <= '9')) return { kind: 'number', text: this.#number(), at }
    const word = /[\p{L}\p{N}_$]*/uy
    word.lastIndex = at
    const text = word.exec(this.#text)?.[0] ?? ''
    if (text === '')
      throw this.#unexpected(
        "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
      )
    if (text !== 'true' && text !== 'false' && text !== 'null') {
      const shown = text.length > 256 ? `${text.slice(0, 256)}...` : text
      throw this.#problem(
        `Unrecognized token '${shown}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`,
      )
    }
    this.#at += text.length
    return { kind: 'literal', text, at }
  }

  #start(isObject: boolean): JsonToken {
    const at = this.#at++
    if (this.#open.length >= DEPTH_MAX) {
      const limit = `the maximum allowed (${DEPTH_MAX}, from \`StreamReadConstraints.getMaxNestingDepth()\`)`
      throw this.#problem(`Document nesting depth (${this.#open.length + 1}) exceeds ${limit}`)
    }
    this.#open.push({ isObject, at, next: 'first' })
    return { kind: isObject ? 'object' : 'array', text: isObject ? '{' : '[', at }
  }

  #number(): string {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0]
    if (text === undefined) throw this.#problem('Invalid numeric value: expected digit (0-9) to follow minus sign')
    if (text.length > NUMBER_LENGTH_MAX) {
      const limit = `the maximum allowed (${NUMBER_LENGTH_MAX}, from \`StreamReadConstraints.getMaxNumberLength()\`)`
      throw this.#problem(`Number value length (${text.length}) exceeds ${limit}`)
    }
    this.#at += text.length
    const after = this.#char()
    if (/^-?0$/.test(text) && after >= '0' && after <= '9')
      throw this.#problem('Invalid numeric value: Leading zeroes not allowed')
    if (after !== '' && !/[\s,\]}]/.test(after)) throw this.#unexpected('Expected space separating root-level values')
    return text
  }

  #string(unfinished: string): string {
    this.#at++
    let text = ''
    for (;;) {
      PLAIN.lastIndex = this.#at
      PLAIN.test(this.#text)
      text += this.#text.slice(this.#at, PLAIN.lastIndex)
      this.#at = PLAIN.lastIndex
      const code = this.#text.charCodeAt(this.#at)
      if (code === 0x22) break
      if (Number.isNaN(code)) throw this.#problem(`Unexpected end-of-input${unfinished}`)
      if (code !== 0x5c)
        throw this.#problem(
          `Illegal unquoted character ((CTRL-CHAR, code ${code})): has to be escaped using backslash to be included in string value`,
        )
      text += this.#escape()
    }
    this.#at++
    return text
  }

  #escape(): string {
    this.#at++
    const char = this.#char()
    if (char === 'u') {
      const digits = this.#text.slice(this.#at + 1, this.#at + 5)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#unexpected('expected a hex-digit for character escape sequence')
      this.#at += 5
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
    const plain = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined
    if (plain === undefined) throw this.#problem(`Unrecognized character escape ${quoted(char)}`)
    this.#at++
    return plain
  }

  #endOfInput(container: Container): MalformedBody {
    const what = container.isObject ? 'Object' : 'Array'
    return this.#problem(
      container.next === 'value'
        ? 'Unexpected end-of-input within/between Object entries'
        : `Unexpected end-of-input: expected close marker for ${what} (start marker at ${this.place(container.at)})`,
    )
  }

  #unexpected(expected: string): MalformedBody {
    if (this.#at >= this.#text.length) return this.#problem('Unexpected end-of-input')
    return this.#problem(`Unexpected character (${quoted(this.#char())}): ${expected}`)
  }

  #problem(message: string): MalformedBody {
    return new MalformedBody(`${message}\n at ${this.place(this.#at)}`)
  }
}

function quoted(char: string): string {
  return char === '' ? 'at the end of the input' : `'${char}' (code ${char.charCodeAt(0)})`
}
