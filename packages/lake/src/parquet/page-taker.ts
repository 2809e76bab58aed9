/** What stands between the builders of columns, which fill pages, and what encodes them: here, or on a thread of its own. */
import type { LeafColumn } from './column.ts'
import type { PageLevels } from './levels.ts'
import { bitWidth } from './hybrid.ts'

/** A page ends at so many rows or bytes, whichever comes first; a single larger value is a page of its own. */
export interface PageLimits {
  readonly rowsMax: number
  readonly bytesMax: number
}

/** Where the pages of a file go: one taker per column, asked for once and in the file's order. */
export interface PageTarget {
  /**
   * About what the pages of the row group at hand take before compression, over all columns. It decides where row groups end, so it
   * does not depend on what an encoder makes of a page: places in a dictionary count with their bits, all else as it is.
   */
  pageBytes: number
  takerOf(column: LeafColumn): PageTaker
  /** Once the chunks of all columns have ended. */
  endRowGroup(rows: number): void
  /** About what the file takes that it was given so far, without open pages. */
  readonly bytes: number
}

/**
 * Takes the pages of one column as they become full. What it is given may be written to again afterwards, but for a dictionary, which stays
 * as it is, as far as it goes, until the chunk ends.
 */
export abstract class PageTaker {
  /** Rows in the pages of the chunk so far. */
  rows = 0
  /** How many of the pages hold places in the chunk's dictionary. */
  dictionaryPageCount = 0
  readonly #target: PageTarget

  constructor(target: PageTarget) {
    this.#target = target
  }

  /** A page of values in PLAIN encoding. */
  addValues(levels: PageLevels, plain: Uint8Array): void {
    this.takeValues(levels, plain)
    this.#count(levels, plain.length)
  }

  /** A page of `count` places in the chunk's dictionary, which has so many entries so far; `dictionary`: those, in PLAIN encoding. */
  addIndices(levels: PageLevels, indices: Int32Array, count: number, dictionary: Uint8Array, entries: number): void {
    this.takeIndices(levels, indices, count, dictionary, entries)
    this.dictionaryPageCount++
    this.#count(levels, Math.ceil((count * indexWidth(entries)) / 8))
  }

  /** The next page is of another chunk. */
  endChunk(): void {
    this.takeEnd()
    this.rows = this.dictionaryPageCount = 0
  }

  protected abstract takeValues(levels: PageLevels, plain: Uint8Array): void
  protected abstract takeIndices(
    levels: PageLevels,
    indices: Int32Array,
    count: number,
    dictionary: Uint8Array,
    entries: number,
  ): void
  protected abstract takeEnd(): void

  #count(levels: PageLevels, bytes: number): void {
    this.rows += levels.rows
    this.#target.pageBytes += levels.bytesMax + bytes
    levels.startPage()
  }
}

/** What the builders of one file share. */
export class BuilderTools {
  readonly limits: PageLimits
  readonly #target: PageTarget
  #places: Int32Array = new Int32Array(0)

  constructor(limits: PageLimits, target: PageTarget) {
    this.limits = limits
    this.#target = target
  }

  takerOf(column: LeafColumn): PageTaker {
    return this.#target.takerOf(column)
  }

  /** Room for `count` places in a dictionary, valid until the next call. */
  indices(count: number): Int32Array {
    if (this.#places.length < count) this.#places = new Int32Array(Math.max(count, this.limits.rowsMax))
    return this.#places
  }
}

/** Bits of an index into a dictionary. Never 0, which some readers do not take. */
export function indexWidth(entries: number): number {
  return Math.max(1, bitWidth(entries - 1))
}
