import { BytePages } from './byte-pages.ts'
import type { ColumnBuilder, LeafColumn } from './column.ts'
import type { ChunkPages, PageTools } from './pages.ts'
import { NOT_TEXT, TextDictionary } from './text-dictionary.ts'
import { refuse } from './refuse.ts'

/** Strings: places in a dictionary while that pays, PLAIN afterwards (see dictionary-rule.ts). */
export class TextColumn implements ColumnBuilder {
  private readonly column: LeafColumn
  private readonly pages: BytePages
  private readonly dictionary = new TextDictionary()
  private dictionaryOpen = true

  constructor(column: LeafColumn, tools: PageTools) {
    this.column = column
    this.pages = new BytePages(column, 0, false, tools)
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

  get bufferedBytes(): number {
    return this.pages.bufferedBytes + this.openBytes
  }
  get encodedBytes(): number {
    return this.pages.encodedBytes + this.openBytes
  }
  private get openBytes(): number {
    return this.dictionary.entryBytes + 4 * this.dictionary.count
  }

  finish(): ChunkPages {
    if (this.dictionaryOpen) this.endIndexPage()
    this.pages.endPage()
    const { dictionary, pages } = this
    const indexed = pages.store.dictionaryPageCount > 0
    const chunk = pages.store.finish(indexed ? dictionary.encoded() : undefined, dictionary.size)
    dictionary.clear()
    this.dictionaryOpen = true
    return chunk
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
    const first = pages.store.dictionaryPageCount === 0
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
    pages.store.addIndices(pages.levels, dictionary.page(), count, size, dictionary.bounds())
    dictionary.startPage()
  }
}
