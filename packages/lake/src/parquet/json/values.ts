/** Single values out of JSON text that was looked over: what a column would be given for them. */
import { NULL, type JsonLayout, type JsonNode, type LocatedRow } from './layout.ts'
import { SAFE_DIGITS, doubleOf, wholeOf } from './numbers.ts'

const QUOTE = 0x22
const LETTER_T = 0x74

/** Reads a column's value from a row, as the decoded row has it. Undefined: the column is not in the text, or a struct. */
export function fieldReader(layout: JsonLayout, column: string): ((row: LocatedRow) => unknown) | undefined {
  const node = layout.root.list.find((candidate) => candidate.column === column)
  return node === undefined || node.fields !== undefined ? undefined : (row) => valueAt(node, row)
}

function valueAt({ type, index }: JsonNode, { bytes, slots, at }: LocatedRow): unknown {
  const from = slots[at + 2 * index]!
  if (from === NULL) return null
  const to = slots[at + 2 * index + 1]!
  switch (type.kind) {
    case 'boolean':
      return bytes[from] === LETTER_T
    case 'whole':
      return longOf(bytes, from, to)
    case 'double':
      return doubleOf(bytes, from, to)
    case 'float':
      return Math.fround(doubleOf(bytes, from, to))
    case 'text':
      return bytes[from] === QUOTE ? stringOf(bytes, from, to) : (type.text(bytes, from, to) ?? textOf(bytes, from, to))
    case 'string':
      return stringOf(bytes, from, to)
    case 'struct':
    default:
      return undefined
  }
}

/** A whole number of at most 64 bits. */
export function longOf(bytes: Uint8Array, from: number, to: number): number | bigint {
  if (to - from <= SAFE_DIGITS) return wholeOf(bytes, from, to)
  const value = BigInt(textOf(bytes, from, to))
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** The string that stands there with its quotes; `~to` when it has escapes. */
export function stringOf(bytes: Uint8Array, from: number, to: number): string {
  return to < 0 ? (JSON.parse(textOf(bytes, from, ~to)) as string) : textOf(bytes, from + 1, to - 1)
}

export function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
}
