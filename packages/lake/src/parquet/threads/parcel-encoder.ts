import { FileEncoder } from '../file-encoder.ts'
import { PageLevels } from '../levels.ts'
import type { EncodedFile } from '../memory-writer.ts'
import type { PageStore } from '../pages.ts'
import type { FileOpening } from './messages.ts'
import { readParcel, type Parcel, type ParcelTaker } from './parcel.ts'

interface Column {
  readonly store: PageStore
  readonly levels: PageLevels
  /** The chunk's dictionary as far as it is known. */
  dictionary: Uint8Array
  dictionaryBytes: number
}

/** A file whose pages come in parcels: encodes them as it would have been done where they come from. */
export class ParcelEncoder implements ParcelTaker {
  readonly #encoder: FileEncoder
  readonly #columns: readonly Column[]
  readonly #chunks: Uint8Array[] = []

  constructor({ columns, leaves, options }: FileOpening) {
    this.#encoder = new FileEncoder(columns, options, (chunk) => void this.#chunks.push(chunk))
    this.#columns = leaves.map((leaf) => ({
      store: this.#encoder.takerOf(leaf),
      levels: new PageLevels(leaf.place),
      dictionary: new Uint8Array(0),
      dictionaryBytes: 0,
    }))
  }

  /** Answers about how many bytes the file has by now. */
  take(parcel: Parcel): number {
    readParcel(parcel, this)
    return this.#encoder.bytes
  }

  /** The bytes are in a buffer of their own. */
  finish(): EncodedFile {
    const facts = this.#encoder.finish()
    const bytes = new Uint8Array(facts.size)
    let at = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return { facts, bytes }
  }

  levelsOf(column: number): PageLevels {
    return this.#columns[column]!.levels
  }

  takeValues(column: number, levels: PageLevels, plain: Uint8Array): void {
    this.#columns[column]!.store.addValues(levels, plain)
  }

  takeIndices(
    column: number,
    levels: PageLevels,
    indices: Int32Array,
    count: number,
    added: Uint8Array,
    entries: number,
  ): void {
    const at = this.#columns[column]!
    const end = at.dictionaryBytes + added.length
    if (end > at.dictionary.length) {
      const larger = new Uint8Array(Math.max(end, 2 * at.dictionary.length))
      larger.set(at.dictionary)
      at.dictionary = larger
    }
    at.dictionary.set(added, at.dictionaryBytes)
    at.dictionaryBytes = end
    at.store.addIndices(levels, indices, count, at.dictionary.subarray(0, end), entries)
  }

  endRowGroup(rows: number): void {
    for (const column of this.#columns) {
      column.store.endChunk()
      column.dictionaryBytes = 0
    }
    this.#encoder.endRowGroup(rows)
  }
}
