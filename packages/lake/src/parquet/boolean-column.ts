import type { ColumnBuilder, ColumnChunk } from './column.ts'
import { LevelWriter } from './levels.ts'
import { PageStore, type PageTools } from './pages.ts'
import { refuse } from './refuse.ts'
import type { ParquetColumn } from './schema.ts'

/**
 * Booleans, one bit each (PLAIN). Parquet also allows runs here, but only the 2.x formats' readers take them in data pages
 * v1, and behind a codec they save next to nothing.
 */
export class BooleanColumn implements ColumnBuilder {
  private readonly column: ParquetColumn
  private readonly levels: LevelWriter
  private readonly store: PageStore
  private readonly rowsMax: number
  private readonly bits: Uint8Array
  private count = 0
  private room: number
  private anyTrue = false
  private anyFalse = false

  constructor(column: ParquetColumn, tools: PageTools) {
    this.column = column
    this.levels = new LevelWriter(column.optional ? 1 : 0)
    this.rowsMax = tools.limits.rowsMax
    this.room = Math.min(512, this.rowsMax)
    this.bits = new Uint8Array(Math.ceil(this.rowsMax / 8))
    this.levels.grow(this.room)
    this.store = new PageStore(tools)
  }

  append(value: unknown): void {
    if (this.levels.rows === this.room) this.makeRoom()
    if (value === true) {
      this.bits[this.count >> 3]! |= 1 << (this.count & 7)
      this.count++
      this.levels.addValue()
    } else if (value === false) {
      this.count++
      this.levels.addValue()
    } else {
      if ((value !== null && value !== undefined) || !this.column.optional) refuse(this.column, value)
      this.levels.addNull()
    }
  }

  undo(): void {
    if (!this.levels.undo()) return
    this.count--
    this.bits[this.count >> 3]! &= ~(1 << (this.count & 7))
  }

  get bufferedBytes(): number {
    return this.store.compressedBytes + this.openBytes
  }
  get encodedBytes(): number {
    return this.store.uncompressedBytes + this.openBytes
  }
  private get openBytes(): number {
    return (this.count + this.levels.rows) >> 3
  }

  finish(): ColumnChunk {
    this.endPage()
    const { anyTrue, anyFalse } = this
    this.anyTrue = this.anyFalse = false
    const bounds =
      anyTrue || anyFalse
        ? { min: anyFalse ? 0 : 1, max: anyTrue ? 1 : 0, unordered: false }
        : { min: undefined, max: undefined, unordered: false }
    return { ...this.store.finish(undefined, 0), bounds }
  }

  private makeRoom(): void {
    if (this.room === this.rowsMax) {
      this.endPage()
    } else {
      this.room = Math.min(this.rowsMax, this.room * 2)
      this.levels.grow(this.room)
    }
  }

  private endPage(): void {
    if (this.levels.rows === 0) return
    const values = this.bits.subarray(0, (this.count + 7) >> 3)
    let trues = 0
    for (let byte of values) for (; byte !== 0; byte &= byte - 1) trues++
    this.anyTrue ||= trues > 0
    this.anyFalse ||= trues < this.count
    this.store.addPlain(this.levels, values)
    values.fill(0)
    this.count = 0
  }
}
