/** Writes rows that were found in JSON text (layout.ts) into the columns of a file. */
import { ValueError } from '@sluice/sdk'
import type { ValueTaker } from '../column.ts'
import { StructTaker, type TopColumn } from '../nested.ts'
import { LongColumn } from '../number-columns.ts'
import { TextColumn } from '../text-column.ts'
import { NULL, type JsonLayout, type JsonNode, type JsonTextOf, type LocatedRow } from './layout.ts'
import { LongWords, SAFE_DIGITS, doubleOf, wholeOf } from './numbers.ts'

type Given = Readonly<Record<string, unknown>>

/** What is done for one column. Nested ones follow the struct that they are of. */
interface Step {
  readonly kind: 'given' | 'absent' | 'struct' | 'string' | 'long' | 'whole' | 'double' | 'float' | 'boolean' | 'text'
  readonly taker: Pick<ValueTaker, 'append'>
  /** The column's name, where the value is given. */
  readonly name: string
  /** Where the place of the field's text is, from the row's first slot on. */
  readonly slot: number
  /** Of the fields of a struct, the step behind the last. */
  readonly end: number
  readonly text: JsonTextOf | undefined
}

const QUOTE = 0x22
const LETTER_T = 0x74

export class JsonColumns {
  readonly layout: JsonLayout
  readonly #steps: readonly Step[]
  readonly #words = new LongWords()

  /** @param names of the columns, as rows know them */
  constructor(layout: JsonLayout, tops: readonly TopColumn[], names: readonly string[]) {
    this.layout = layout
    const steps: Step[] = []
    const nodes = new Map(layout.root.list.map((node) => [node.column ?? node.name, node]))
    for (const [i, top] of tops.entries()) {
      const name = names[i]!
      const node = nodes.get(name)
      const rest = { name, slot: 0, end: 0, text: undefined }
      if (node === undefined) steps.push({ ...rest, kind: 'given', taker: top.head })
      else if (node.fields === undefined) steps.push(leafStep(node, top.head))
      else addStruct(node, top.taker, top.head, steps)
    }
    this.#steps = steps
  }

  /** @throws ValueError for a value that its column does not hold; some columns may have begun the row then */
  append({ bytes, slots, at }: LocatedRow, given: Given | null): void {
    const steps = this.#steps
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!
      const { kind, taker } = step
      if (kind === 'given') {
        taker.append(given?.[step.name])
        continue
      }
      const from = kind === 'absent' ? NULL : slots[at + step.slot]!
      if (from === NULL) {
        taker.append(null)
        if (kind === 'struct') i = step.end - 1
        continue
      }
      const to = slots[at + step.slot + 1]!
      switch (kind) {
        case 'string':
          appendString(taker, bytes, from, to)
          break
        case 'long':
          if (to - from <= SAFE_DIGITS) taker.append(wholeOf(bytes, from, to))
          else this.#appendLong(taker, bytes, from, to)
          break
        case 'whole':
          taker.append(wholeOf(bytes, from, to))
          break
        case 'double':
          taker.append(doubleOf(bytes, from, to))
          break
        case 'float':
          taker.append(Math.fround(doubleOf(bytes, from, to)))
          break
        case 'boolean':
          taker.append(bytes[from] === LETTER_T)
          break
        case 'text':
          if (bytes[from] === QUOTE) appendString(taker, bytes, from, to)
          else appendText(taker, bytes, from, to, step.text!)
          break
        case 'absent':
        case 'struct':
        default:
          break
      }
    }
  }

  #appendLong(taker: Pick<ValueTaker, 'append'>, bytes: Uint8Array, from: number, to: number): void {
    if (taker instanceof LongColumn && taker.takesAll) {
      const words = this.#words
      words.read(bytes, from, to)
      taker.appendWords(words.low, words.high)
    } else {
      const value = BigInt(textOf(bytes, from, to))
      taker.append(Number.isSafeInteger(Number(value)) ? Number(value) : value)
    }
  }
}

/** Of a struct that is there nothing is written but its fields. */
function addStruct(node: JsonNode, taker: ValueTaker, head: Pick<ValueTaker, 'append'>, steps: Step[]): void {
  const at = steps.length
  const step = { kind: 'struct' as const, taker: head, name: node.name, slot: 2 * node.index, end: 0, text: undefined }
  steps.push(step)
  const nodes = new Map(node.fields!.list.map((field) => [field.column ?? field.name, field]))
  if (!(taker instanceof StructTaker)) throw new ValueError(`Column "${node.name}" is no struct`)
  for (const [i, field] of taker.fields.entries()) {
    const name = taker.names[i]!
    const below = nodes.get(name)
    if (below === undefined) steps.push({ kind: 'absent', taker: field, name, slot: 0, end: 0, text: undefined })
    else if (below.fields === undefined) steps.push(leafStep(below, field))
    else addStruct(below, field, field, steps)
  }
  steps[at] = { ...step, end: steps.length }
}

function leafStep({ type, name, index }: JsonNode, taker: Pick<ValueTaker, 'append'>): Step {
  const rest = { taker, name, slot: 2 * index, end: 0, text: type.kind === 'text' ? type.text : undefined }
  if (type.kind === 'whole') return { ...rest, kind: type.low === undefined ? 'long' : 'whole' }
  return { ...rest, kind: type.kind }
}

/** The string that stands there with its quotes. */
function appendString(taker: Pick<ValueTaker, 'append'>, bytes: Uint8Array, from: number, to: number): void {
  if (to < 0) taker.append(JSON.parse(textOf(bytes, from, ~to)))
  else if (!(taker instanceof TextColumn)) taker.append(textOf(bytes, from + 1, to - 1))
  else taker.appendUtf8(bytes, from + 1, to - 1)
}

function appendText(
  taker: Pick<ValueTaker, 'append'>,
  bytes: Uint8Array,
  from: number,
  to: number,
  textIn: JsonTextOf,
): void {
  const text = textIn(bytes, from, to)
  if (text !== null) taker.append(text)
  else if (taker instanceof TextColumn) taker.appendUtf8(bytes, from, to)
  else taker.append(textOf(bytes, from, to))
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
}
