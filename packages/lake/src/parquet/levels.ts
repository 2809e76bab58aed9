/**
 * Which rows of the open page hold a value: definition levels. A flat column has at most one (0 = null, 1 = value), and
 * none at all where it is required. Nested columns will add repetition levels here, written in front of these; nothing
 * else in the encoder looks at levels.
 */
import { bitWidth, hybridBytesMax, writeHybrid, writeRun } from './hybrid.ts'

export class LevelWriter {
  /** Rows of the open page. */
  rows = 0
  /** Those of them that are null. */
  nulls = 0
  private readonly max: number
  private levels: Uint8Array = new Uint8Array(0)

  /** `max`: the level of a value that is there; 0 for a required column. */
  constructor(max: number) {
    this.max = max
  }

  /** Makes room for `rows` rows in a page; whoever adds more than that loses them. */
  grow(rows: number): void {
    if (this.max === 0) return
    const larger = new Uint8Array(rows)
    larger.set(this.levels)
    this.levels = larger
  }

  addValue(): void {
    if (this.max !== 0) this.levels[this.rows] = this.max
    this.rows++
  }
  addNull(): void {
    this.levels[this.rows++] = 0
    this.nulls++
  }
  /** Takes the last row back; answers whether it held a value. */
  undo(): boolean {
    this.rows--
    if (this.max === 0 || this.levels[this.rows] === this.max) return true
    this.nulls--
    return false
  }

  get bytesMax(): number {
    return this.max === 0 ? 0 : 4 + hybridBytesMax(this.rows, bitWidth(this.max))
  }

  /** Writes the page's levels as a data page v1 wants them, length first; answers the place behind them. */
  write(out: Uint8Array, start: number): number {
    if (this.max === 0) return start
    const width = bitWidth(this.max)
    const from = start + 4
    const end =
      this.nulls === 0
        ? writeRun(this.max, this.rows, width, out, from)
        : writeHybrid(this.levels, this.rows, width, out, from)
    const length = end - from
    out[start] = length & 255
    out[start + 1] = (length >>> 8) & 255
    out[start + 2] = (length >>> 16) & 255
    out[start + 3] = length >>> 24
    return end
  }

  startPage(): void {
    this.rows = 0
    this.nulls = 0
  }
}
