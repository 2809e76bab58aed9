import { boundsOfPlaces, type Bounds } from './bounds.ts'
import type { PageTools } from './pages.ts'
import { boundsOf, type ValueKind } from './value-kind.ts'

/** The bounds of pages that hold places in a chunk's dictionary, whose entries come to be known page by page. */
export class DictionaryBounds {
  readonly #kind: ValueKind
  readonly #tools: PageTools
  /** Of texts: where each known entry starts, and where the next one will. */
  #starts: Int32Array = new Int32Array(0)
  #known = 0
  #end = 0
  /** The last page that each entry was seen in, and room for the starts of a page's. */
  #seenIn: Int32Array = new Int32Array(0)
  #distinct: Int32Array = new Int32Array(0)
  #page = 0

  constructor(kind: ValueKind, tools: PageTools) {
    this.#kind = kind
    this.#tools = tools
  }

  of(indices: Int32Array, count: number, dictionary: Uint8Array, entries: number): Bounds {
    return this.#kind.fixedLength === 0
      ? this.#ofTexts(indices, count, dictionary, entries)
      : this.#ofNumbers(indices, count, dictionary)
  }

  /** The next page is of another dictionary. */
  clear(): void {
    this.#known = this.#end = 0
  }

  #ofNumbers(indices: Int32Array, count: number, dictionary: Uint8Array): Bounds {
    const { fixedLength } = this.#kind
    const plain = this.#tools.values(count * fixedLength)
    const to = new Int32Array(plain.buffer, plain.byteOffset, (count * fixedLength) / 4)
    const from = new Int32Array(dictionary.buffer, dictionary.byteOffset, dictionary.length / 4)
    if (fixedLength === 4) for (let i = 0; i < count; i++) to[i] = from[indices[i]!]!
    else
      for (let i = 0; i < count; i++) {
        to[2 * i] = from[2 * indices[i]!]!
        to[2 * i + 1] = from[2 * indices[i]! + 1]!
      }
    return boundsOf(this.#kind, plain, count)
  }

  #ofTexts(indices: Int32Array, count: number, dictionary: Uint8Array, entries: number): Bounds {
    this.#learn(dictionary, entries)
    const page = ++this.#page
    let distinct = 0
    for (let i = 0; i < count; i++) {
      const place = indices[i]!
      if (this.#seenIn[place] === page) continue
      this.#seenIn[place] = page
      this.#distinct[distinct++] = this.#starts[place]!
    }
    return boundsOfPlaces(dictionary, this.#distinct, distinct)
  }

  #learn(dictionary: Uint8Array, entries: number): void {
    if (this.#starts.length < entries) {
      const room = Math.max(64, 2 * entries)
      const starts = new Int32Array(room)
      starts.set(this.#starts)
      this.#starts = starts
      this.#seenIn = new Int32Array(room)
      this.#distinct = new Int32Array(room)
    }
    for (; this.#known < entries; this.#known++) {
      const at = this.#end
      this.#starts[this.#known] = at
      const length =
        dictionary[at]! | (dictionary[at + 1]! << 8) | (dictionary[at + 2]! << 16) | (dictionary[at + 3]! << 24)
      this.#end = at + 4 + length
    }
  }
}
