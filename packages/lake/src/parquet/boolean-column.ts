import type { ColumnBuilder, LeafColumn } from './column.ts'
import { LevelWriter } from './levels.ts'
import type { BuilderTools, PageTaker } from './page-taker.ts'
import { refuse } from './refuse.ts'

/**
 * Booleans, one bit each (PLAIN). Parquet also allows runs here, but only the 2.x formats' readers take them in data pages
 * v1, and behind a codec they save next to nothing.
 */
export class BooleanColumn implements ColumnBuilder {
  private readonly column: LeafColumn
  private readonly levels: LevelWriter
  private readonly taker: PageTaker
  private readonly rowsMax: number
  private bits: Uint8Array
  private count = 0
  /** Entries at which to look again whether the page ends or grows, at most `rowsMax`. */
  private room: number
  /** Entries that there is room for: more than `rowsMax` where one row of a list has as many. */
  private capacity: number

  constructor(column: LeafColumn, tools: BuilderTools) {
    this.column = column
    this.levels = new LevelWriter(column.place)
    this.rowsMax = tools.limits.rowsMax
    this.room = Math.min(512, this.rowsMax)
    this.capacity = this.rowsMax
    this.bits = new Uint8Array(Math.ceil(this.rowsMax / 8))
    this.levels.grow(this.room)
    this.taker = tools.takerOf(column)
  }

  append(value: unknown): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    if (value === true) {
      this.bits[this.count >> 3]! |= 1 << (this.count & 7)
      this.count++
      this.levels.addValue()
    } else if (value === false) {
      this.count++
      this.levels.addValue()
    } else {
      if ((value !== null && value !== undefined) || !this.column.optional) refuse(this.column, value)
      this.levels.addNull(this.column.place.definition - 1)
    }
  }

  absent(level: number): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    this.levels.addNull(level)
  }

  undo(): void {
    for (let values = this.levels.undo(); values > 0; values--) {
      this.count--
      this.bits[this.count >> 3]! &= ~(1 << (this.count & 7))
    }
  }

  get rows(): number {
    return this.taker.rows + this.levels.rows
  }

  get openBytes(): number {
    return (this.count + this.levels.entries) >> 3
  }

  endChunk(): void {
    this.endPage()
    this.taker.endChunk()
  }

  private makeRoom(): void {
    if (this.room < this.rowsMax) {
      this.room = Math.min(this.rowsMax, this.room * 2)
      this.levels.grow(this.room)
    } else if (this.levels.atRowStart) {
      this.endPage()
    } else if (this.levels.entries >= this.capacity) {
      this.capacity *= 2
      this.levels.grow(this.capacity)
      const larger = new Uint8Array(Math.ceil(this.capacity / 8))
      larger.set(this.bits)
      this.bits = larger
    }
  }

  private endPage(): void {
    if (this.levels.entries === 0) return
    const values = this.bits.subarray(0, (this.count + 7) >> 3)
    this.taker.addValues(this.levels, values)
    values.fill(0)
    this.count = 0
  }
}
