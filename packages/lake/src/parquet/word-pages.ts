import { dictionaryPays } from './dictionary-rule.ts'
import type { LeafColumn } from './column.ts'
import { LevelWriter } from './levels.ts'
import { indexWidth, type BuilderTools, type PageTaker } from './page-taker.ts'
import { WordDictionary } from './word-dictionary.ts'

/** What the bits are. */
export type WordKind = 'int32' | 'int64' | 'float' | 'double'

/**
 * Pages of numbers of one or two 32-bit words. The open page is the PLAIN encoding itself: an array that the columns write
 * into through the view of their type. (Parquet is little-endian, as are the machines that Node.js supports well.)
 */
export class WordPages {
  private readonly kind: WordKind
  private readonly wordsPerValue: 1 | 2
  private readonly levels: LevelWriter
  private readonly tools: BuilderTools
  private readonly taker: PageTaker
  private readonly dictionary: WordDictionary
  private dictionaryOpen = true
  private readonly rowsMax: number
  /** Entries at which to look again whether the page ends or grows, at most `rowsMax`. */
  private room = 0
  /** Entries that there is room for: more than `rowsMax` where one row of a list has as many. */
  private capacity = 0
  /** Values in the open page: its entries without the nulls. */
  private count = 0
  private words: Int32Array = new Int32Array(0)
  private longs: BigInt64Array = new BigInt64Array(0)
  private floats: Float32Array = new Float32Array(0)
  private doubles: Float64Array = new Float64Array(0)

  constructor(kind: WordKind, column: LeafColumn, tools: BuilderTools) {
    this.kind = kind
    this.wordsPerValue = kind === 'int64' || kind === 'double' ? 2 : 1
    this.levels = new LevelWriter(column.place)
    this.tools = tools
    this.taker = tools.takerOf(column)
    this.dictionary = new WordDictionary(this.wordsPerValue)
    this.rowsMax = tools.limits.rowsMax
    this.grow(Math.min(512, this.rowsMax))
  }

  putNull(level: number): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    this.levels.addNull(level)
  }
  putInt(value: number): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    this.words[this.count++] = value
    this.levels.addValue()
  }
  putFloat(value: number): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    // One bit pattern for every NaN, so that equal input gives equal files.
    if (Number.isNaN(value)) this.words[this.count++] = 0x7fc00000
    else this.floats[this.count++] = value
    this.levels.addValue()
  }
  putDouble(value: number): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    const at = this.count++
    if (Number.isNaN(value)) {
      this.words[2 * at] = 0
      this.words[2 * at + 1] = 0x7ff80000
    } else {
      this.doubles[at] = value
    }
    this.levels.addValue()
  }
  /** `low` is taken modulo 2^32. */
  putWords(low: number, high: number): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    const at = 2 * this.count++
    this.words[at] = low
    this.words[at + 1] = high
    this.levels.addValue()
  }
  putLong(value: bigint): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    this.longs[this.count++] = value
    this.levels.addValue()
  }

  undo(): void {
    this.count -= this.levels.undo()
  }
  get rows(): number {
    return this.taker.rows + this.levels.rows
  }

  get openBytes(): number {
    return 4 * this.wordsPerValue * (this.count + this.dictionary.size) + (this.levels.entries >> 3)
  }

  endChunk(): void {
    this.endPage()
    this.taker.endChunk()
    this.dictionary.clear()
    this.dictionaryOpen = true
  }

  private makeRoom(): void {
    if (this.room < this.rowsMax) this.grow(Math.min(this.rowsMax, this.room * 2))
    else if (this.levels.atRowStart) this.endPage()
    else if (this.levels.entries >= this.capacity) this.grow(this.capacity * 2)
  }

  private grow(entries: number): void {
    const words = new Int32Array(entries * this.wordsPerValue)
    words.set(this.words)
    this.words = words
    if (this.kind === 'int64') this.longs = new BigInt64Array(words.buffer)
    if (this.kind === 'float') this.floats = new Float32Array(words.buffer)
    if (this.kind === 'double') this.doubles = new Float64Array(words.buffer)
    this.levels.grow(entries)
    this.capacity = entries
    this.room = Math.min(entries, this.rowsMax)
  }

  private endPage(): void {
    if (this.levels.entries === 0) return
    if (!this.endWithIndices()) {
      this.dictionaryOpen &&= this.count === 0 // a page of nulls says nothing about the dictionary
      const values = new Uint8Array(this.words.buffer, 0, this.count * this.wordsPerValue * 4)
      this.taker.addValues(this.levels, values)
    }
    this.count = 0
  }

  /** Writes the page as places in the dictionary if that pays. */
  private endWithIndices(): boolean {
    const { dictionary, count } = this
    if (!this.dictionaryOpen || count === 0) return false
    const before = dictionary.size
    const indices = this.tools.indices(count)
    if (!dictionary.index(this.words, count, indices)) return false
    const valueBytes = 4 * this.wordsPerValue
    const indexBytes = (count * indexWidth(dictionary.size)) / 8
    if (!dictionaryPays((dictionary.size - before) * valueBytes, indexBytes, count * valueBytes)) {
      dictionary.size = before
      return false
    }
    this.taker.addIndices(this.levels, indices, count, dictionary.bytes(), dictionary.size)
    return true
  }
}
