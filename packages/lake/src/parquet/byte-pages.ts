import { ByteBuffer } from './byte-buffer.ts'
import type { LeafColumn } from './column.ts'
import { LevelWriter } from './levels.ts'
import type { BuilderTools, PageLimits, PageTaker } from './page-taker.ts'

/** Pages of byte arrays in PLAIN encoding, each behind its length, or all of one fixed length without it. */
export class BytePages {
  readonly levels: LevelWriter
  readonly taker: PageTaker
  readonly buffer: ByteBuffer = new ByteBuffer()
  readonly limits: PageLimits
  private readonly fixedLength: number
  /** Entries at which to look again whether the page ends or grows, at most `rowsMax`. */
  private room = 0
  /** Entries that there is room for: more than `rowsMax` where one row of a list has as many. */
  private capacity = 0

  /** `fixedLength`: 0 for values of any length. */
  constructor(column: LeafColumn, fixedLength: number, tools: BuilderTools) {
    this.levels = new LevelWriter(column.place)
    this.taker = tools.takerOf(column)
    this.fixedLength = fixedLength
    this.limits = tools.limits
    this.makeRoom()
  }

  putNull(level: number): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    this.levels.addNull(level)
  }
  /** False, having added nothing, for a text that has no UTF-8 form. */
  putText(value: string): boolean {
    this.makeRoomFor(value.length)
    if (!this.buffer.addText(value)) return false
    this.levels.addValue()
    return true
  }
  putUtf8(bytes: Uint8Array, from: number, to: number): void {
    this.makeRoomFor(to - from)
    this.buffer.addPart(bytes, from, to)
    this.levels.addValue()
  }
  putBytes(value: Uint8Array): void {
    this.makeRoomFor(value.length)
    this.buffer.addBytes(value)
    this.levels.addValue()
  }
  /** Adds a value of the fixed length; the caller writes it into `buffer.bytes` at the place that is answered. */
  putFixed(length: number): number {
    this.makeRoomFor(length)
    this.levels.addValue()
    return this.buffer.addRoom(length)
  }
  /** Adds the row of a value that is kept elsewhere, in a dictionary. */
  putElsewhere(): void {
    if (this.levels.entries >= this.room) this.makeRoom()
    this.levels.addValue()
  }

  undo(): void {
    if (this.levels.undo() > 0) this.buffer.at = this.endOf(this.levels.entries - this.levels.nulls)
  }
  get rows(): number {
    return this.taker.rows + this.levels.rows
  }

  get openBytes(): number {
    return this.buffer.at + (this.levels.entries >> 3)
  }

  endPage(): void {
    if (this.levels.entries === 0) return
    const { levels, buffer } = this
    this.taker.addValues(levels, buffer.encoded())
    this.buffer.clear()
  }

  endChunk(): void {
    this.endPage()
    this.taker.endChunk()
  }

  private makeRoomFor(length: number): void {
    if (this.buffer.at + length > this.limits.bytesMax && this.buffer.at > 0 && this.levels.atRowStart) this.endPage()
    if (this.levels.entries >= this.room) this.makeRoom()
  }
  private makeRoom(): void {
    const { rowsMax } = this.limits
    if (this.room < rowsMax) {
      this.capacity = this.room = Math.min(rowsMax, Math.max(512, this.room * 2))
      this.levels.grow(this.capacity)
    } else if (this.levels.atRowStart) {
      this.endPage()
    } else if (this.levels.entries >= this.capacity) {
      this.capacity *= 2
      this.levels.grow(this.capacity)
    }
  }

  /** Where the first `values` values end. */
  private endOf(values: number): number {
    if (this.fixedLength !== 0) return values * this.fixedLength
    let at = 0
    for (let i = 0; i < values; i++) at += 4 + this.buffer.bytes.readUInt32LE(at)
    return at
  }
}
