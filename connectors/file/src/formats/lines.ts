import { primitive } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import type { TextBlock } from '../text-block.ts'
import { invalidUtf8 } from './invalid-utf8.ts'
import { CR, LF } from './row-reader.ts'
import type { RowKind, RowProblem, RowReader } from './row-reader.ts'

const LINE: Schema = primitive('string')

/** Each line is a string. As in Apache Kafka's FileStreamSource a line ends with `\n`, `\r\n` or a lone `\r`, and blank lines count. */
export class LineRows implements RowReader {
  readonly keySchema = null
  readonly valueSchema = LINE
  readonly skipsByteOrderMark = false
  readonly key = null
  value = ''
  end = 0
  contentEnd = 0
  readonly lines = 1
  problem: RowProblem | null = null
  #block: TextBlock | null = null
  /** Whether the block has carriage returns at all; most have none, and then only line feeds must be looked for. */
  #carriageReturns = false
  /** The next line feed at or behind the cursor; the text's end if there is none. */
  #lineFeed = -1

  /** A carriage return at the very end may be the first half of `\r\n`, so it ends nothing yet. */
  cut(bytes: Buffer): number {
    const last = bytes.length - 1
    return Math.max(bytes.lastIndexOf(LF), last > 0 ? bytes.lastIndexOf(CR, last - 1) : -1) + 1
  }

  read(block: TextBlock): RowKind {
    const { text, char } = block
    if (this.#block !== block) {
      this.#block = block
      this.#lineFeed = -1
      this.#carriageReturns = text.includes('\r')
    }
    if (this.#lineFeed < char) this.#lineFeed = text.indexOf('\n', char)
    if (this.#lineFeed === -1) this.#lineFeed = text.length
    this.contentEnd = this.#lineFeed
    this.end = Math.min(this.#lineFeed + 1, text.length)
    if (this.#carriageReturns) this.#endAtCarriageReturn(text, char)
    const line = block.encoding === 'mixed' ? block.decode(char, this.contentEnd) : text.slice(char, this.contentEnd)
    if (line === null) {
      this.problem = invalidUtf8(block, this.contentEnd)
      return 'bad'
    }
    this.value = line
    return 'record'
  }

  #endAtCarriageReturn(text: string, from: number): void {
    const line = text.slice(from, this.contentEnd)
    const at = line.indexOf('\r')
    if (at === -1) return
    // `\r` directly before the line feed belongs to it; any other ends the line by itself.
    if (from + at !== this.contentEnd - 1 || this.end === this.contentEnd) this.end = from + at + 1
    this.contentEnd = from + at
  }
}
