import { ByteBuffer } from './byte-buffer.ts'
import { DICTIONARY_BYTES_MAX, DICTIONARY_VALUE_BYTES_MAX, dictionaryPays, tooManyNew } from './dictionary-rule.ts'
import { indexWidth } from './page-taker.ts'

/** What `TextDictionary.add` answers when there is no place for a value. */
export const NOT_TEXT = -1
export const GIVEN_UP = -2

/** So many entries that hash alike are chance no more, and looking through them would take long: the dictionary is given up. */
const ALIKE_MAX = 64
/** A table larger than that is not kept for the next chunk. */
const TABLE_KEPT_MAX = 16_384

/** The distinct texts of a chunk, in UTF-8, and the open page as places among them. */
export class TextDictionary {
  /** Values in the open page. */
  count = 0
  size = 0
  private readonly entries = new ByteBuffer()
  /** Open addressing, a power of two: 1 + the place of an entry, or 0. At most half of it is taken. */
  private table: Int32Array = new Int32Array(128)
  private hashes: Int32Array = new Int32Array(64)
  /** Where each entry ends; the first begins at 0. */
  private ends: Int32Array = new Int32Array(64)
  private indices: Int32Array = new Int32Array(0)
  /** Values of the chunk before the open page, and bytes of entries before it. */
  private earlierValues = 0
  private earlierBytes = 0
  /** Entries before the open page. */
  private earlierSize = 0

  get entryBytes(): number {
    return this.entries.at
  }

  /** Adds a value to the open page: 0 or more if it went in, else `NOT_TEXT` or `GIVEN_UP`, and nothing was added. */
  add(value: string): number {
    if (value.length > DICTIONARY_VALUE_BYTES_MAX) return GIVEN_UP
    const { entries } = this
    const start = entries.at
    if (!entries.addText(value)) return NOT_TEXT
    const { bytes, at: end } = entries
    const hash = hashOf(bytes, start + 4, end)
    const found = this.find(bytes, start + 4, end, hash)
    if (found >= 0) {
      entries.at = start
      return this.addPlace(found)
    }
    if (!this.mayAdd(found, start, end - start - 4)) {
      entries.at = start
      return GIVEN_UP
    }
    return this.addPlace(this.addEntry(~found, hash))
  }

  /** As `add`, of a text that stands in UTF-8 from `from` to `to`. */
  addUtf8(bytes: Uint8Array, from: number, to: number): number {
    if (to - from > DICTIONARY_VALUE_BYTES_MAX) return GIVEN_UP
    const hash = hashOf(bytes, from, to)
    const found = this.find(bytes, from, to, hash)
    if (found >= 0) return this.addPlace(found)
    const { entries } = this
    if (!this.mayAdd(found, entries.at, to - from)) return GIVEN_UP
    entries.addPart(bytes, from, to)
    return this.addPlace(this.addEntry(~found, hash))
  }

  /** Takes the last `values` values back, and the entries that were added for them. */
  undo(values: number): void {
    this.count -= values
    let size = this.earlierSize
    for (let i = 0; i < this.count; i++) size = Math.max(size, this.indices[i]! + 1)
    if (size < this.size) this.shrink(size)
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
    this.earlierSize = this.size
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
    if (this.table.length > TABLE_KEPT_MAX) this.table = new Int32Array(128)
    else this.table.fill(0)
    this.entries.clear()
    this.size = this.count = this.earlierValues = this.earlierBytes = this.earlierSize = 0
  }

  /** The place of an entry; or `~` the slot where it is to be put; or `ALIKE` when there are too many alike. */
  private find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const { table, hashes, ends } = this
    const mask = table.length - 1
    const entries = this.entries.bytes
    const length = to - from
    let slot = hash & mask
    for (let tries = 0; tries < ALIKE_MAX; tries++) {
      const place = table[slot]! - 1
      if (place < 0) return ~slot
      if (hashes[place] === hash) {
        const end = ends[place]!
        const start = place === 0 ? 4 : ends[place - 1]! + 4
        if (end - start === length) {
          let i = 0
          while (i < length && entries[start + i] === bytes[from + i]) i++
          if (i === length) return place
        }
      }
      slot = (slot + 1) & mask
    }
    return ALIKE
  }

  private mayAdd(found: number, entryBytes: number, length: number): boolean {
    return (
      found !== ALIKE &&
      length <= DICTIONARY_VALUE_BYTES_MAX &&
      entryBytes <= DICTIONARY_BYTES_MAX &&
      !tooManyNew(this.size, this.earlierValues + this.count)
    )
  }

  /** Of what was put behind the other entries' bytes. */
  private addEntry(slot: number, hash: number): number {
    const place = this.size++
    if (place === this.ends.length) {
      this.ends = doubled(this.ends)
      this.hashes = doubled(this.hashes)
    }
    this.ends[place] = this.entries.at
    this.hashes[place] = hash
    this.table[slot] = place + 1
    if (2 * this.size >= this.table.length) this.rehash(2 * this.table.length)
    return place
  }

  private addPlace(place: number): number {
    if (this.count === this.indices.length) this.grow()
    this.indices[this.count++] = place
    return place
  }

  private shrink(size: number): void {
    this.size = size
    this.entries.at = this.end(size - 1)
    this.rehash(this.table.length)
  }

  private rehash(length: number): void {
    const table = new Int32Array(length)
    const mask = length - 1
    for (let place = 0; place < this.size; place++) {
      let slot = this.hashes[place]! & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = place + 1
    }
    this.table = table
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

/** Answered by `find` in place of a slot, which is never that large. */
const ALIKE = -0x8000_0000

function doubled(values: Int32Array): Int32Array {
  const larger = new Int32Array(values.length * 2)
  larger.set(values)
  return larger
}

/** FNV-1a, with the upper bits mixed into the lower ones, by which the table is entered. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash ^ (hash >>> 15)
}
