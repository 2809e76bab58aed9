/**
 * The value that free text stands for, by the rules of Kafka Connect's `Values.parseString`: what SimpleHeaderConverter reads,
 * and what InsertHeader puts in.
 */
import type { SchemaAndValue } from '../converter.ts'
import { array, map, primitive } from '../schema.ts'
import type { Schema } from '../schema.ts'
import type { Value } from '../value.ts'
import { aligned, bare, commonElement } from './common-schema.ts'
import type { Element } from './common-schema.ts'
import { dateOf, timeOf } from './instant-text.ts'
import { numberOf } from './number-text.ts'

const STRING: Schema = primitive('string')
const BOOLEAN: Schema = primitive('boolean')
const NULL: SchemaAndValue = Object.freeze({ schema: null, value: null })
const TRUE: SchemaAndValue = Object.freeze({ schema: BOOLEAN, value: true })
const FALSE: SchemaAndValue = Object.freeze({ schema: BOOLEAN, value: false })

/**
 * null, true and false; numbers, of the smallest type; dates and times in ISO form; `[lists]` and `{"maps": …}` of these, with
 * texts in double quotes; anything else is the text itself. What stands behind a list, a map, or a number and one of `,:[]{}"`
 * is not looked at, as in Connect. A list or map whose elements have no common type has no schema, and neither has what contains it.
 *
 * Never fails: what cannot be read is text.
 */
export function parseValue(text: string): SchemaAndValue {
  switch (kindOf(text)) {
    case 'word':
      return wordOf(trimmed(text)) ?? { schema: STRING, value: text }
    case 'number':
      return new ValueParser(text).scalar() ?? { schema: STRING, value: text }
    case 'nested':
      return new ValueParser(text).nested() ?? { schema: STRING, value: text }
    case 'text':
      break
  }
  return { schema: STRING, value: text }
}

/** What a text can be, by its first character: most headers are plain text, and are known as such at once. */
function kindOf(text: string): 'text' | 'word' | 'number' | 'nested' {
  let at = 0
  while (text.charCodeAt(at) <= BLANK) at++
  const first = text[at]
  if (first === undefined) return 'text'
  if (first === '[' || first === '{') return 'nested'
  if (first === 'n' || first === 't' || first === 'f') return text.length - at < 64 ? 'word' : 'text'
  return isDigit(first) || first === '+' || first === '-' ? 'number' : 'text'
}

/** Up to here characters are blank to Java's `trim`. */
const BLANK = 0x20

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9'
}

function trimmed(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && text.charCodeAt(from) <= BLANK) from++
  while (to > from && text.charCodeAt(to - 1) <= BLANK) to--
  return text.slice(from, to)
}

function wordOf(word: string): SchemaAndValue | undefined {
  return word === 'null' ? NULL : word === 'true' ? TRUE : word === 'false' ? FALSE : undefined
}

/** Deeper than this nobody nests a header; it is text then. */
const MAX_DEPTH = 500

/** Undefined is what cannot be read, all the way up: it makes the whole text a text. */
class ValueParser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The number, date or time at the beginning. */
  scalar(): SchemaAndValue | undefined {
    const first = this.#token()
    return this.#instant(first) ?? numberOf(trimmed(first))
  }

  /** The list or map at the beginning. */
  nested(): SchemaAndValue | undefined {
    const found = this.#element()
    return found === undefined ? undefined : { schema: found.schema, value: found.value }
  }

  #element(): Element | undefined {
    this.#skipBlanks()
    switch (this.#text[this.#at]) {
      case '[':
        return this.#list()
      case '{':
        return this.#map()
      case '"':
        return this.#quoted()
      case undefined:
      default: {
        const first = this.#token()
        const found = wordOf(trimmed(first)) ?? this.#instant(first) ?? numberOf(trimmed(first))
        return found === undefined ? undefined : { ...found, type: found.schema?.type ?? null }
      }
    }
  }

  #list(): Element | undefined {
    if (!this.#enter()) return undefined
    const items: Element[] = []
    while (!this.#take(']')) {
      const item = this.#element()
      if (item === undefined) return undefined
      items.push(item)
      if (!this.#take(',') && !this.#isNext(']')) return undefined
    }
    this.#depth--
    return listOf(items)
  }

  /** As in Connect the comma between entries may be left out. */
  #map(): Element | undefined {
    if (!this.#enter()) return undefined
    const keys: Element[] = []
    const items: Element[] = []
    while (!this.#take('}')) {
      const key = this.#element()
      if (key === undefined || key.type === null || !this.#take(':')) return undefined
      const item = this.#element()
      if (item === undefined) return undefined
      keys.push(key)
      items.push(item)
      this.#take(',')
    }
    this.#depth--
    return mapOf(keys, items)
  }

  #enter(): boolean {
    this.#at++
    return ++this.#depth <= MAX_DEPTH
  }

  /** Escapes keep their backslash. */
  #quoted(): Element | undefined {
    const from = ++this.#at
    for (let char = this.#text[from]; char !== '"'; char = this.#text[this.#at]) {
      if (char === undefined) return undefined
      this.#at += char === '\\' ? 2 : 1
    }
    return { type: 'string', schema: STRING, value: this.#text.slice(from, this.#at++) }
  }

  /** Times hold colons, which also end the key of an entry; so they are told by their length. */
  #instant(first: string): SchemaAndValue | undefined {
    const begin = trimmed(first)
    if (!isDigit(begin[0])) return undefined
    const before = this.#at
    const found = this.#text[before] === ':' ? this.#withColons(begin) : undefined
    if (found !== undefined) return found
    this.#at = before
    return dateOf(begin)
  }

  #withColons(begin: string): SchemaAndValue | undefined {
    this.#at++
    const minutes = this.#token()
    if (this.#text[this.#at] !== ':') return undefined
    this.#at++
    return timeOf(`${begin}:${minutes}:${this.#token()}`)
  }

  /** What stands before the next delimiter; one behind a backslash is none. */
  #token(): string {
    const from = this.#at
    for (let char = this.#text[from]; char !== undefined && !DELIMITERS.includes(char); char = this.#text[this.#at])
      this.#at += char === '\\' ? 2 : 1
    return this.#text.slice(from, this.#at)
  }

  #take(char: string): boolean {
    if (!this.#isNext(char)) return false
    this.#at++
    return true
  }

  #isNext(char: string): boolean {
    this.#skipBlanks()
    return this.#text[this.#at] === char
  }

  #skipBlanks(): void {
    while (this.#text.charCodeAt(this.#at) <= BLANK) this.#at++
  }
}

const DELIMITERS = '[]{}",:'

function listOf(items: readonly Element[]): Element | undefined {
  const common = commonElement(items)
  const values = common === undefined ? undefined : aligned(items, common)
  if (common !== undefined && values === undefined) return undefined
  if (values === undefined || common === undefined || common.schema === null)
    return { type: 'array', schema: null, value: items.map(bare) }
  return { type: 'array', schema: array(common.schema), value: values }
}

function mapOf(keys: readonly Element[], items: readonly Element[]): Element | undefined {
  const key = commonElement(keys)
  const item = key === undefined ? undefined : commonElement(items)
  const names = key === undefined ? undefined : aligned(keys, key)
  const values = item === undefined ? undefined : aligned(items, item)
  if ((key !== undefined && names === undefined) || (item !== undefined && values === undefined)) return undefined
  const [keySchema, itemSchema] = [key?.schema ?? null, item?.schema ?? null]
  if (names !== undefined && values !== undefined && keySchema !== null && itemSchema !== null)
    return {
      type: 'map',
      schema: map(keySchema, itemSchema),
      value: new Map(names.map((name, at) => [name, values[at]!])),
    }
  const bareKey = (at: number): Value =>
    bare(names === undefined ? keys[at]! : { schema: keySchema, value: names[at]! })
  return { type: 'map', schema: null, value: new Map(items.map((each, at) => [bareKey(at), bare(each)])) }
}
