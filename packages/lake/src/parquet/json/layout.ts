/**
 * Finds the fields of a row in JSON text: where the text of each begins and ends, and nothing else. What is found can be written into
 * columns later (fill.ts). It says yes only to texts of which it surely knows how they are read; to all others it says nothing,
 * and they are to be decoded as a whole.
 */
import { SAFE_DIGITS, isWhole, wholeOf } from './numbers.ts'
import {
  UNSURE,
  isBlank,
  skipBlanks,
  skipColon,
  skipNumber,
  skipString,
  skipValue,
  skipWhole,
  skipWord,
} from './scan.ts'

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

/** How the text of a field is looked over: kinds as small numbers, because it is asked for each field of each row. */
const LOOK = { string: 0, text: 1, whole: 2, number: 3, boolean: 4, struct: 5 } as const

/** A field with its places: `from` in slot 2·`index`, `to` behind it. */
export class JsonNode implements JsonField {
  readonly name: string
  readonly column: string
  readonly type: JsonFieldType
  readonly optional: boolean
  readonly index: number
  readonly look: number
  /** Of whole numbers; `high` below `low`: no bounds but 64 bits. */
  readonly low: number
  readonly high: number
  /** Of a struct. */
  readonly fields: JsonNodes | undefined
  /** The member's name in UTF-8. */
  readonly nameBytes: Uint8Array
  readonly nameLength: number
  /** Which one came behind it last time. */
  follower: JsonNode | undefined

  /** @param all takes the node, and those below it */
  constructor({ name, column = name, type, optional }: JsonField, all: JsonNode[], leavesOut: boolean) {
    const { kind } = type
    this.name = name
    this.column = column
    this.type = type
    this.optional = optional
    this.index = all.length
    this.look = kind === 'double' || kind === 'float' ? LOOK.number : LOOK[kind]
    this.low = kind === 'whole' ? (type.low ?? 0) : 0
    this.high = kind === 'whole' && type.low !== undefined ? type.high! : -1
    this.nameBytes = Buffer.from(name)
    this.nameLength = this.nameBytes.length
    this.follower = undefined
    all.push(this)
    this.fields = kind === 'struct' ? new JsonNodes(type.fields, all, leavesOut) : undefined
  }
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
  readonly leavesOut: boolean
  /** Which one came first last time. */
  first: JsonNode
  readonly #byName = new Map<string, JsonNode>()
  /** The slots of those that must be there. */
  readonly #required: Int32Array

  /** @param fields one or more */
  constructor(fields: readonly JsonField[], all: JsonNode[], leavesOut: boolean) {
    this.list = fields.map((field) => new JsonNode(field, all, leavesOut))
    this.leavesOut = leavesOut
    this.first = this.list[0]!
    for (const [i, node] of this.list.entries()) {
      node.follower = this.list[i + 1] ?? this.first
      this.#byName.set(node.name, node)
    }
    this.#required = Int32Array.from(this.list.filter(({ optional }) => !optional).map(({ index }) => 2 * index))
  }

  /** The field whose name stands there. */
  find(bytes: Uint8Array, from: number, to: number): JsonNode | undefined {
    return this.#byName.get(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString())
  }

  hasRequired(slots: Int32Array, base: number): boolean {
    const required = this.#required
    for (let i = 0; i < required.length; i++) if (slots[base + required[i]!] === NULL) return false
    return true
  }
}

/** From behind the opening brace. Answers the place behind the closing one, or `UNSURE`. */
function members(nodes: JsonNodes, bytes: Uint8Array, from: number, slots: Int32Array, base: number): number {
  let at = bytes[from] === QUOTE ? from : skipBlanks(bytes, from)
  if (bytes[at] === CLOSING_BRACE) return nodes.hasRequired(slots, base) ? at + 1 : UNSURE
  let before: JsonNode | undefined
  for (;;) {
    if (bytes[at] !== QUOTE) return UNSURE
    at++
    let node: JsonNode | undefined = before === undefined ? nodes.first : before.follower!
    const { nameBytes, nameLength } = node
    let i = 0
    while (i < nameLength && bytes[at + i] === nameBytes[i]) i++
    if (i === nameLength && bytes[at + i] === QUOTE) at += i + 1
    else {
      const start = at
      at = skipString(bytes, at)
      // A name with escapes is not looked up.
      if (at < 0) return UNSURE
      node = nodes.find(bytes, start, at - 1)
      if (node !== undefined) {
        if (before === undefined) nodes.first = node
        else before.follower = node
      }
    }
    at = skipColon(bytes, at)
    if (at < 0) return UNSURE
    if (node !== undefined) {
      at = value(node, bytes, at, slots, base)
      before = node
    } else at = nodes.leavesOut ? skipValue(bytes, at, 0) : UNSURE
    if (at < 0) return UNSURE
    let byte = bytes[at]!
    if (byte <= 0x20) byte = bytes[(at = skipBlanks(bytes, at))]!
    if (byte === CLOSING_BRACE) return nodes.hasRequired(slots, base) ? at + 1 : UNSURE
    if (byte !== COMMA) return UNSURE
    at++
    if (bytes[at] !== QUOTE) at = skipBlanks(bytes, at)
  }
}

/** Notes where the field's value stands. */
function value(node: JsonNode, bytes: Uint8Array, from: number, slots: Int32Array, base: number): number {
  const slot = base + 2 * node.index
  const { look } = node
  const first = bytes[from]!
  if (first === LETTER_N) {
    if (look === LOOK.struct && slots[slot] !== NULL) return UNSURE
    slots[slot] = NULL
    return skipWord(bytes, from)
  }
  let to: number
  switch (look) {
    case LOOK.string:
    case LOOK.text:
      if (first !== QUOTE) {
        if (look === LOOK.string) return UNSURE
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
    case LOOK.whole:
      to = skipWhole(bytes, from)
      if (to < 0 || (node.low <= node.high && !isWithin(bytes, from, to, node.low, node.high))) return UNSURE
      break
    case LOOK.number:
      to = skipNumber(bytes, from)
      if (to - from > SAFE_DIGITS && isWhole(bytes, from, to)) return UNSURE
      break
    case LOOK.boolean:
      to = skipWord(bytes, from)
      break
    default:
      // Of one that comes twice, fields of the first would be left in their slots.
      if (first !== OPENING_BRACE || slots[slot] !== NULL) return UNSURE
      to = members(node.fields!, bytes, from + 1, slots, base)
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
