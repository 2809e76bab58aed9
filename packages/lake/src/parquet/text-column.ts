import { VALUE_BYTES_MAX } from './byte-buffer.ts'
import { BytePages } from './byte-pages.ts'
import type { ColumnBuilder, LeafColumn } from './column.ts'
import type { BuilderTools } from './page-taker.ts'
import { NOT_TEXT, TextDictionary } from './text-dictionary.ts'
import { refuse } from './refuse.ts'

/** Strings: places in a dictionary while that pays, PLAIN afterwards (see dictionary-rule.ts). */
export class TextColumn implements ColumnBuilder {
  private readonly column: LeafColumn
  private readonly pages: BytePages
  private readonly dictionary = new TextDictionary()
  private dictionaryOpen = true

  constructor(column: LeafColumn, tools: BuilderTools) {
    this.column = column
    this.pages = new BytePages(column, 0, tools)
  }

  append(value: unknown): void {
    if (typeof value === 'string') {
      if (this.dictionaryOpen ? !this.putIndex(value) : !this.pages.putText(value)) refuse(this.column, value)
    } else if ((value === null || value === undefined) && this.column.optional) {
      this.absent(this.column.place.definition - 1)
    } else {
      refuse(this.column, value)
    }
  }

  /** The text that stands there in UTF-8; whoever calls knows that it is valid. */
  appendUtf8(bytes: Uint8Array, from: number, to: number): void {
    if (to - from > VALUE_BYTES_MAX) refuse(this.column, Buffer.from(bytes.subarray(from, to)).toString())
    if (this.dictionaryOpen && this.putUtf8Index(bytes, from, to)) return
    this.pages.putUtf8(bytes, from, to)
  }

  absent(level: number): void {
    if (this.dictionaryOpen && this.pageIsFull) this.endIndexPage()
    this.pages.putNull(level)
  }

  undo(): void {
    if (this.dictionaryOpen) this.dictionary.undo(this.pages.levels.undo())
    else this.pages.undo()
  }

  get rows(): number {
    return this.pages.rows
  }

  get openBytes(): number {
    return this.pages.openBytes + this.dictionary.entryBytes + 4 * this.dictionary.count
  }

  endChunk(): void {
    if (this.dictionaryOpen) this.endIndexPage()
    this.pages.endChunk()
    this.dictionary.clear()
    this.dictionaryOpen = true
  }

  /** False for a text that has no UTF-8 form. */
  private putIndex(value: string): boolean {
    if (this.pageIsFull) this.endIndexPage()
    if (this.dictionaryOpen) {
      const place = this.dictionary.add(value)
      if (place >= 0) {
        this.pages.putElsewhere()
        return true
      }
      if (place === NOT_TEXT) return false
      this.giveUp()
    }
    return this.pages.putText(value)
  }

  /** False when the dictionary was given up. */
  private putUtf8Index(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.pageIsFull) this.endIndexPage()
    if (!this.dictionaryOpen) return false
    if (this.dictionary.addUtf8(bytes, from, to) >= 0) {
      this.pages.putElsewhere()
      return true
    }
    this.giveUp()
    return false
  }

  private get pageIsFull(): boolean {
    const { levels, limits } = this.pages
    return levels.entries >= limits.rowsMax && levels.atRowStart
  }

  private endIndexPage(): void {
    if (this.dictionary.count === 0) this.pages.endPage()
    else if (this.dictionary.pays()) this.writeIndices()
    else {
      this.giveUp()
      this.pages.endPage()
    }
  }

  /** Goes on in PLAIN: with the open page if nothing was written with the dictionary yet, else with the next one. */
  private giveUp(): void {
    const { dictionary, pages } = this
    const first = pages.taker.dictionaryPageCount === 0
    const isSmall = first && dictionary.plainBytes() <= 2 * pages.limits.bytesMax
    if (dictionary.count === 0 || isSmall || !pages.levels.atRowStart) {
      dictionary.copyPlain(pages.buffer)
      if (first) dictionary.clear()
      else dictionary.dropPage()
    } else {
      this.writeIndices()
    }
    this.dictionaryOpen = false
  }

  private writeIndices(): void {
    const { dictionary, pages } = this
    const { count, size } = dictionary
    pages.taker.addIndices(pages.levels, dictionary.page(), count, dictionary.encoded(), size)
    dictionary.startPage()
  }
}
