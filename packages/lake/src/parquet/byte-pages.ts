import { BytesBounds } from './bounds.ts'
import { ByteBuffer } from './byte-buffer.ts'
import type { ColumnChunk } from './column.ts'
import { LevelWriter } from './levels.ts'
import { PageStore, type PageLimits, type PageTools } from './pages.ts'

/** Pages of byte arrays in PLAIN encoding, each behind its length, or all of one fixed length without it. */
export class BytePages {
  readonly levels: LevelWriter
  readonly store: PageStore
  readonly buffer: ByteBuffer = new ByteBuffer()
  readonly bounds: BytesBounds
  readonly limits: PageLimits
  /** Where the value added last begins, for `undo`. */
  private lastStart = 0
  private room = 0

  /** `fixedLength`: 0 for values of any length. `signed`: two's complement, most significant byte first. */
  constructor(optional: boolean, fixedLength: number, signed: boolean, tools: PageTools) {
    this.levels = new LevelWriter(optional ? 1 : 0)
    this.store = new PageStore(tools)
    this.bounds = new BytesBounds(fixedLength, signed)
    this.limits = tools.limits
    this.makeRoom()
  }

  putNull(): void {
    if (this.levels.rows === this.room) this.makeRoom()
    this.levels.addNull()
  }
  /** False, having added nothing, for a text that has no UTF-8 form. */
  putText(value: string): boolean {
    this.makeRoomFor(value.length)
    const start = this.buffer.at
    if (!this.buffer.addText(value)) return false
    this.lastStart = start
    this.levels.addValue()
    return true
  }
  putBytes(value: Uint8Array): void {
    this.makeRoomFor(value.length)
    this.lastStart = this.buffer.at
    this.buffer.addBytes(value)
    this.levels.addValue()
  }
  /** Adds a value of the fixed length; the caller writes it into `buffer.bytes` at the place that is answered. */
  putFixed(length: number): number {
    this.makeRoomFor(length)
    this.levels.addValue()
    return (this.lastStart = this.buffer.addRoom(length))
  }
  /** Adds the row of a value that is kept elsewhere, in a dictionary. */
  putElsewhere(): void {
    if (this.levels.rows === this.room) this.makeRoom()
    this.levels.addValue()
  }

  undo(): void {
    if (this.levels.undo()) this.buffer.at = this.lastStart
  }

  get bufferedBytes(): number {
    return this.store.compressedBytes + this.openBytes
  }
  get encodedBytes(): number {
    return this.store.uncompressedBytes + this.openBytes
  }
  private get openBytes(): number {
    return this.buffer.at + (this.levels.rows >> 3)
  }

  endPage(): void {
    if (this.levels.rows === 0) return
    this.bounds.scan(this.buffer.bytes, this.buffer.at)
    this.store.addPlain(this.levels, this.buffer.encoded())
    this.buffer.clear()
  }

  finish(): ColumnChunk {
    this.endPage()
    return { ...this.store.finish(undefined, 0), bounds: this.bounds.take() }
  }

  private makeRoomFor(length: number): void {
    if (this.buffer.at + length > this.limits.bytesMax && this.buffer.at > 0) this.endPage()
    if (this.levels.rows === this.room) this.makeRoom()
  }
  private makeRoom(): void {
    const { rowsMax } = this.limits
    if (this.room === rowsMax) {
      this.endPage()
    } else {
      this.room = Math.min(rowsMax, Math.max(512, this.room * 2))
      this.levels.grow(this.room)
    }
  }
}
