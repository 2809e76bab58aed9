/** Bytes → complete lines with the place behind each, a block at a time. A line ends with `\n`, `\r\n` or `\r`. */
import { isAscii } from 'node:buffer'

const LF = 0x0a
const CR = 0x0d

/** Complete lines that were decoded at once; what is taken from them costs a search and a slice. */
export class LineBlock {
  readonly #text: string
  readonly #isAscii: boolean
  readonly #hasCarriageReturns: boolean
  #at = 0
  /** Bytes of the block that lie before the next line. */
  #bytes = 0

  /** @param bytes complete lines, and at least one */
  constructor(bytes: Buffer) {
    this.#isAscii = isAscii(bytes)
    this.#text = this.#isAscii ? bytes.toString('latin1') : bytes.toString('utf8')
    this.#hasCarriageReturns = bytes.includes(CR)
  }

  get isDone(): boolean {
    return this.#at >= this.#text.length
  }

  /** Bytes of the block up to the end of the line that was taken last, its line end included. */
  get bytes(): number {
    return this.#bytes
  }

  /** The next line, without its line end. Only while the block is not done. */
  next(): string {
    const from = this.#at
    const text = this.#text
    let end = text.indexOf('\n', from)
    let after = end + 1
    if (this.#hasCarriageReturns) {
      const cr = text.indexOf('\r', from)
      if (cr !== -1 && (end === -1 || cr < end)) {
        after = end === cr + 1 ? cr + 2 : cr + 1
        end = cr
      }
    }
    this.#at = after
    const line = text.slice(from, end)
    this.#bytes += this.#isAscii ? after - from : Buffer.byteLength(line) + (after - end)
    return line
  }
}

/** How many of the bytes are complete lines. A `\r` at the very end may be half of a line end, and is not one yet. */
export function completeBytes(bytes: Buffer): number {
  const lf = bytes.lastIndexOf(LF)
  const cr = bytes.length < 2 ? -1 : bytes.lastIndexOf(CR, bytes.length - 2)
  return Math.max(lf, cr) + 1
}
