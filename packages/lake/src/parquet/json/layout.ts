/**
 * Finds the fields of a row in JSON text: where the text of each begins and ends, and nothing else. What is found can be written into
 * columns later (fill.ts). It says yes only to texts of which it surely knows how they are read; to all others it says nothing,
 * and they are to be decoded as a whole.
 */
import { SAFE_DIGITS, isWhole, wholeOf } from './numbers.ts'
import { UNSURE, isBlank, skipBlanks, skipColon, skipNumber, skipString, skipValue, skipWord } from './scan.ts'

/**
 * What is taken for a value of the field; every other text makes the row unsure.
 *
 * | kind | JSON |
 * |---|---|
 * | boolean | `true`, `false` |
 * | string | a string |
 * | whole | a number without point and exponent, from `low` to `high`; without these, of 64 bits |
 * | double, float | a number; whole ones up to 15 digits |
 * | text | anything; of what is no string, the column holds what `text` says |
 * | struct | an object |
 */
export type JsonFieldType =
  | { readonly kind: 'boolean' | 'string' | 'double' | 'float' }
  | { readonly kind: 'whole'; readonly low?: number; readonly high?: number }
  | { readonly kind: 'text'; readonly text: JsonTextOf }
  | { readonly kind: 'struct'; readonly fields: readonly JsonField[] }

/** What a column of texts holds of a value that is no string and stands from `from` to `to`; null: just what stands there. */
export type JsonTextOf = (bytes: Uint8Array, from: number, to: number) => string | null

export interface JsonField {
  /** The member's name. */
  readonly name: string
  /** The name of the column, or of the struct's field; default: that of the member. */
  readonly column?: string
  readonly type: JsonFieldType
  /** Whether it may be null or missing; else that makes the row unsure. */
  readonly optional: boolean
}

/** A field with its places: `from` in slot 2·`index`, `to` behind it. */
export interface JsonNode extends JsonField {
  readonly index: number
  readonly fields: JsonNodes | undefined
}

/** A row that was found, and where. */
export interface LocatedRow {
  readonly layout: JsonLayout
  readonly bytes: Uint8Array
  /** Per field two places in the bytes: where its text begins (`NULL`: there is none) and where it ends (`~` when it has escapes). */
  readonly slots: Int32Array
  /** Where the row's slots begin. */
  readonly at: number
}

/** In place of where a text begins: the field is null or missing. */
export const NULL = -1

const SLOTS = 8192
const QUOTE = 0x22
const LETTER_N = 0x6e
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const COMMA = 0x2c

export class JsonLayout {
  readonly root: JsonNodes
  /** How many slots a row has. */
  readonly #size: number
  /** The rest of a piece that rows share. */
  #slots: Int32Array = new Int32Array(0)
  #at = 0

  /** @param others whether members without a field are left out; else they make the row unsure */
  constructor(fields: readonly JsonField[], others: 'left out' | 'unsure') {
    const nodes: JsonNode[] = []
    this.root = new JsonNodes(fields, nodes, others === 'left out')
    this.#size = 2 * nodes.length
  }

  /** The row that is the whole text from `from` to `to`; undefined: not known, for whatever reason. */
  locate(bytes: Uint8Array, from = 0, to: number = bytes.length): LocatedRow | undefined {
    const size = this.#size
    if (this.#at + size > this.#slots.length) {
      this.#slots = new Int32Array(Math.max(SLOTS, size))
      this.#at = 0
    }
    const at = this.#at
    const slots = this.#slots
    for (let i = at; i < at + size; i++) slots[i] = NULL
    let end = bytes[from] === OPENING_BRACE ? from : skipBlanks(bytes, from)
    if (bytes[end] !== OPENING_BRACE) return undefined
    end = members(this.root, bytes, end + 1, slots, at)
    if (end < 0) return undefined
    while (end < to && isBlank(bytes[end]!)) end++
    if (end !== to) return undefined
    this.#at = at + size
    return { layout: this, bytes, slots, at }
  }
}

/** The fields of one object. */
export class JsonNodes {
  readonly list: readonly JsonNode[]
  /** Of each, as UTF-8. */
  readonly names: readonly Uint8Array[]
  readonly leavesOut: boolean
  readonly #byName = new Map<string, number>()
  /** Which one came behind each last time; in front: which came first. */
  readonly next: Int32Array

  constructor(fields: readonly JsonField[], all: JsonNode[], leavesOut: boolean) {
    this.list = fields.map((field): JsonNode => {
      const { type } = field
      const index = all.length
      const node = { ...field, index, fields: undefined }
      all.push(node)
      return type.kind === 'struct' ? { ...node, fields: new JsonNodes(type.fields, all, leavesOut) } : node
    })
    this.names = fields.map(({ name }) => Buffer.from(name))
    this.leavesOut = leavesOut
    for (const [i, { name }] of fields.entries()) this.#byName.set(name, i)
    this.next = Int32Array.from({ length: fields.length + 1 }, (_, i) => (i < fields.length ? i : 0))
  }

  /** The field whose name stands there; −1: none. */
  find(bytes: Uint8Array, from: number, to: number): number {
    return this.#byName.get(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()) ?? -1
  }
}

/** From behind the opening brace. Answers the place behind the closing one, or `UNSURE`. */
function members(nodes: JsonNodes, bytes: Uint8Array, from: number, slots: Int32Array, base: number): number {
  const { list, names, next } = nodes
  let at = bytes[from] === QUOTE ? from : skipBlanks(bytes, from)
  if (bytes[at] === CLOSING_BRACE) return hasRequired(list, slots, base) ? at + 1 : UNSURE
  let before = 0
  for (;;) {
    if (bytes[at] !== QUOTE) return UNSURE
    at++
    let found = next[before]!
    const name = names[found]!
    const length = name.length
    let i = 0
    while (i < length && bytes[at + i] === name[i]) i++
    if (i === length && bytes[at + i] === QUOTE) at += i + 1
    else {
      const start = at
      at = skipString(bytes, at)
      // A name with escapes is not looked up.
      if (at < 0) return UNSURE
      found = nodes.find(bytes, start, at - 1)
      if (found >= 0) next[before] = found
    }
    at = skipColon(bytes, at)
    if (at < 0) return UNSURE
    if (found >= 0) {
      at = value(list[found]!, bytes, at, slots, base)
      before = found + 1
    } else at = nodes.leavesOut ? skipValue(bytes, at, 0) : UNSURE
    if (at < 0) return UNSURE
    let byte = bytes[at]!
    if (byte <= 0x20) byte = bytes[(at = skipBlanks(bytes, at))]!
    if (byte === CLOSING_BRACE) return hasRequired(list, slots, base) ? at + 1 : UNSURE
    if (byte !== COMMA) return UNSURE
    at++
    if (bytes[at] !== QUOTE) at = skipBlanks(bytes, at)
  }
}

function hasRequired(list: readonly JsonNode[], slots: Int32Array, base: number): boolean {
  for (let i = 0; i < list.length; i++) {
    const node = list[i]!
    if (!node.optional && slots[base + 2 * node.index] === NULL) return false
  }
  return true
}

/** Notes where the field's value stands. */
function value(node: JsonNode, bytes: Uint8Array, from: number, slots: Int32Array, base: number): number {
  const slot = base + 2 * node.index
  const { type } = node
  const first = bytes[from]!
  if (first === LETTER_N) {
    if (slots[slot] !== NULL && type.kind === 'struct') return UNSURE
    slots[slot] = NULL
    return skipWord(bytes, from)
  }
  let to: number
  switch (type.kind) {
    case 'string':
    case 'text':
      if (first !== QUOTE) {
        if (type.kind === 'string') return UNSURE
        to = skipValue(bytes, from, 0)
        break
      }
      to = skipString(bytes, from + 1)
      if (to < UNSURE) {
        slots[slot] = from
        slots[slot + 1] = to
        return ~to
      }
      break
    case 'whole':
      to = skipNumber(bytes, from)
      if (to < 0 || !isWhole(bytes, from, to)) return UNSURE
      if (type.low !== undefined && !isWithin(bytes, from, to, type.low, type.high!)) return UNSURE
      break
    case 'double':
    case 'float':
      to = skipNumber(bytes, from)
      if (to - from > SAFE_DIGITS && isWhole(bytes, from, to)) return UNSURE
      break
    case 'boolean':
      to = skipWord(bytes, from)
      break
    case 'struct':
    default:
      // Of one that comes twice, fields of the first would be left in their slots.
      if (first !== OPENING_BRACE || slots[slot] !== NULL) return UNSURE
      to = members(node.fields!, bytes, from + 1, slots, base)
      break
  }
  slots[slot] = from
  slots[slot + 1] = to
  return to
}

function isWithin(bytes: Uint8Array, from: number, to: number, low: number, high: number): boolean {
  if (to - from > SAFE_DIGITS) return false
  const value = wholeOf(bytes, from, to)
  return value >= low && value <= high
}
