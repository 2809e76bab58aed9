/** Writes rows that were found in JSON text (layout.ts) into the columns of a file. */
import { ValueError } from '@sluice/sdk'
import type { ValueTaker } from '../column.ts'
import { StructTaker, type TopColumn } from '../nested.ts'
import { DoubleColumn, LongColumn } from '../number-columns.ts'
import { TextColumn } from '../text-column.ts'
import { NULL, type JsonLayout, type JsonNode, type JsonTextOf, type LocatedRow } from './layout.ts'
import { LongWords, SAFE_DIGITS, doubleOf, wholeOf } from './numbers.ts'
import { longOf, stringOf, textOf } from './values.ts'

type Given = Readonly<Record<string, unknown>>
type Taker = Pick<ValueTaker, 'append'>

/** What is done for a column: as small numbers, because it is asked for each field of each row. */
const DO = {
  given: 0,
  absent: 1,
  struct: 2,
  string: 3,
  text: 4,
  long: 5,
  whole: 6,
  double: 7,
  float: 8,
  boolean: 9,
} as const

/** What is done for one column. Nested ones follow the struct that they are of. */
class Step {
  readonly kind: number
  readonly taker: Taker
  /** The column's name, where the value is given. */
  readonly name: string
  /** Where the place of the field's text is, from the row's first slot on. */
  readonly slot: number
  readonly text: JsonTextOf | undefined
  /** The taker, where it is a column that takes such values without looking at what they are. */
  readonly texts: TextColumn | undefined
  readonly longs: LongColumn | undefined
  readonly doubles: DoubleColumn | undefined
  /** Of the fields of a struct, the step behind the last. */
  end = 0

  constructor(kind: number, taker: Taker, name: string, node: JsonNode | undefined) {
    this.kind = kind
    this.taker = taker
    this.name = name
    this.slot = node === undefined ? 0 : 2 * node.index
    this.text = node?.type.kind === 'text' ? node.type.text : undefined
    this.texts = taker instanceof TextColumn ? taker : undefined
    this.longs = taker instanceof LongColumn && taker.takesAll ? taker : undefined
    this.doubles = taker instanceof DoubleColumn ? taker : undefined
  }
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
    const nodes = new Map(layout.root.list.map((node) => [node.column, node]))
    for (const [i, { taker, head }] of tops.entries()) {
      const name = names[i]!
      const node = nodes.get(name)
      if (node === undefined) steps.push(new Step(DO.given, head, name, undefined))
      else if (node.fields === undefined) steps.push(leafStep(node, head))
      else addStruct(node, taker, head, steps)
    }
    this.#steps = steps
  }

  /** @throws ValueError for a value that its column does not hold; some columns may have begun the row then */
  append({ bytes, slots, at }: LocatedRow, given: Given | null): void {
    const steps = this.#steps
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!
      const { kind, taker } = step
      if (kind === DO.given) {
        taker.append(given?.[step.name])
        continue
      }
      const from = kind === DO.absent ? NULL : slots[at + step.slot]!
      if (from === NULL) {
        taker.append(null)
        if (kind === DO.struct) i = step.end - 1
        continue
      }
      const to = slots[at + step.slot + 1]!
      switch (kind) {
        case DO.string:
          if (step.texts !== undefined && to >= 0) step.texts.appendUtf8(bytes, from + 1, to - 1)
          else appendString(taker, bytes, from, to)
          break
        case DO.text:
          if (bytes[from] === QUOTE) appendString(taker, bytes, from, to)
          else appendText(taker, bytes, from, to, step.text!)
          break
        case DO.long:
          if (step.longs !== undefined) this.#appendLong(step.longs, bytes, from, to)
          else taker.append(longOf(bytes, from, to))
          break
        case DO.whole:
          taker.append(wholeOf(bytes, from, to))
          break
        case DO.double:
          if (step.doubles === undefined) taker.append(doubleOf(bytes, from, to))
          else step.doubles.appendNumber(doubleOf(bytes, from, to))
          break
        case DO.float:
          taker.append(Math.fround(doubleOf(bytes, from, to)))
          break
        case DO.boolean:
          taker.append(bytes[from] === LETTER_T)
          break
        default:
          // Of a struct that is there nothing is written but its fields.
          break
      }
    }
  }

  #appendLong(longs: LongColumn, bytes: Uint8Array, from: number, to: number): void {
    if (to - from <= SAFE_DIGITS) longs.appendSafe(wholeOf(bytes, from, to))
    else {
      const words = this.#words
      words.read(bytes, from, to)
      longs.appendWords(words.low, words.high)
    }
  }
}

function addStruct(node: JsonNode, taker: ValueTaker, head: Taker, steps: Step[]): void {
  if (!(taker instanceof StructTaker)) throw new ValueError(`Column "${node.name}" is no struct`)
  const step = new Step(DO.struct, head, node.name, node)
  steps.push(step)
  const nodes = new Map(node.fields!.list.map((field) => [field.column, field]))
  for (const [i, field] of taker.fields.entries()) {
    const name = taker.names[i]!
    const below = nodes.get(name)
    if (below === undefined) steps.push(new Step(DO.absent, field, name, undefined))
    else if (below.fields === undefined) steps.push(leafStep(below, field))
    else addStruct(below, field, field, steps)
  }
  step.end = steps.length
}

function leafStep(node: JsonNode, taker: Taker): Step {
  const { type, name } = node
  const kind = type.kind === 'whole' && type.low === undefined ? DO.long : DO[type.kind]
  return new Step(kind, taker, name, node)
}

/** The string that stands there with its quotes. */
function appendString(taker: Taker, bytes: Uint8Array, from: number, to: number): void {
  if (to < 0 || !(taker instanceof TextColumn)) taker.append(stringOf(bytes, from, to))
  else taker.appendUtf8(bytes, from + 1, to - 1)
}

function appendText(taker: Taker, bytes: Uint8Array, from: number, to: number, textIn: JsonTextOf): void {
  const text = textIn(bytes, from, to)
  if (text !== null) taker.append(text)
  else if (taker instanceof TextColumn) taker.appendUtf8(bytes, from, to)
  else taker.append(textOf(bytes, from, to))
}
