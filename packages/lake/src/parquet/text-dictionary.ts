import { ByteBuffer } from './byte-buffer.ts'
import { DICTIONARY_BYTES_MAX, DICTIONARY_VALUE_BYTES_MAX, dictionaryPays, tooManyNew } from './dictionary-rule.ts'
import { indexWidth } from './page-taker.ts'

/** What `TextDictionary.add` answers when there is no place for a value. */
export const NOT_TEXT = -1
export const GIVEN_UP = -2

/** The distinct texts of a chunk, and the open page as places among them. A text is encoded once, when it is new. */
export class TextDictionary {
  /** Values in the open page. */
  count = 0
  private readonly places = new Map<string, number>()
  private readonly entries = new ByteBuffer()
  /** Where each entry ends; the first begins at 0. */
  private ends: Int32Array = new Int32Array(64)
  private indices: Int32Array = new Int32Array(0)
  /** Values of the chunk before the open page, and bytes of entries before it. */
  private earlierValues = 0
  private earlierBytes = 0
  /** Entries before the open page. */
  private earlierSize = 0

  get size(): number {
    return this.places.size
  }
  get entryBytes(): number {
    return this.entries.at
  }

  /** Adds a value to the open page: 0 or more if it went in, else `NOT_TEXT` or `GIVEN_UP`, and nothing was added. */
  add(value: string): number {
    let place = this.places.get(value)
    if (place === undefined) {
      place = this.addEntry(value)
      if (place < 0) return place
    }
    if (this.count === this.indices.length) this.grow()
    this.indices[this.count++] = place
    return place
  }

  /** Takes the last `values` values back, and the entries that were added for them. */
  undo(values: number): void {
    this.count -= values
    let size = this.earlierSize
    for (let i = 0; i < this.count; i++) size = Math.max(size, this.indices[i]! + 1)
    if (size < this.places.size) this.shrink(size)
  }

  /** Takes the open page back. */
  dropPage(): void {
    this.undo(this.count)
  }

  /** Whether the open page becomes clearly smaller as indices. */
  pays(): boolean {
    const indexBytes = (this.count * indexWidth(this.size)) / 8
    return dictionaryPays(this.entries.at - this.earlierBytes, indexBytes, this.plainBytes())
  }

  /** The open page: hand it on, then `startPage`. */
  page(): Int32Array {
    return this.indices
  }

  startPage(): void {
    this.earlierValues += this.count
    this.earlierBytes = this.entries.at
    this.earlierSize = this.places.size
    this.count = 0
  }

  /** Bytes that the open page has in PLAIN encoding. */
  plainBytes(): number {
    let bytes = 0
    for (let i = 0; i < this.count; i++) bytes += this.end(this.indices[i]!) - this.end(this.indices[i]! - 1)
    return bytes
  }

  /** Appends the open page in PLAIN encoding. */
  copyPlain(target: ByteBuffer): void {
    for (let i = 0; i < this.count; i++) {
      const place = this.indices[i]!
      target.addEncoded(this.entries, this.end(place - 1), this.end(place))
    }
  }

  /** The entries in PLAIN encoding. */
  encoded(): Uint8Array {
    return this.entries.encoded()
  }

  clear(): void {
    this.places.clear()
    this.entries.clear()
    this.count = this.earlierValues = this.earlierBytes = this.earlierSize = 0
  }

  private addEntry(value: string): number {
    const place = this.places.size
    if (
      value.length > DICTIONARY_VALUE_BYTES_MAX ||
      this.entries.at > DICTIONARY_BYTES_MAX ||
      tooManyNew(place, this.earlierValues + this.count)
    ) {
      return GIVEN_UP
    }
    if (!this.entries.addText(value)) return NOT_TEXT
    this.places.set(value, place)
    if (place === this.ends.length) {
      const larger = new Int32Array(place * 2)
      larger.set(this.ends)
      this.ends = larger
    }
    this.ends[place] = this.entries.at
    return place
  }

  private shrink(size: number): void {
    for (const [value, place] of this.places) if (place >= size) this.places.delete(value)
    this.entries.at = this.end(size - 1)
  }

  private end(place: number): number {
    return place < 0 ? 0 : this.ends[place]!
  }

  private grow(): void {
    const larger = new Int32Array(Math.max(512, this.indices.length * 2))
    larger.set(this.indices)
    this.indices = larger
  }
}
