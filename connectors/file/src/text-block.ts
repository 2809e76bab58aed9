/** A stretch of complete lines, decoded at once, and a cursor in it: a place in the text and the same place in the bytes. */
import { isAscii, isUtf8 } from 'node:buffer'

export interface BlockFacts {
  /** The file ends behind this block: its last line is complete as it is. */
  readonly final: boolean
  /** The bytes known to be in the file from the block's beginning on; no fewer than the block has. */
  readonly available: number
}

export class TextBlock {
  readonly bytes: Buffer
  /**
   * The decoded bytes. Where they are not valid UTF-8 as a whole, each character stands for one byte (`mixed`), so that the
   * lines can still be told apart; `decode` then says line by line what is text.
   */
  readonly text: string
  readonly encoding: 'ascii' | 'utf8' | 'mixed'
  readonly final: boolean
  readonly available: number
  /** Where the next row begins, in the text. */
  char = 0
  /** Where the next row begins, in the bytes. */
  byte = 0

  /** @param bytes read here and not kept, but for `bytesOf` as long as the block is in use */
  constructor(bytes: Buffer, { final, available }: BlockFacts) {
    this.bytes = bytes
    this.encoding = isAscii(bytes) ? 'ascii' : isUtf8(bytes) ? 'utf8' : 'mixed'
    this.text = bytes.toString(this.encoding === 'utf8' ? 'utf8' : 'latin1')
    this.final = final
    this.available = available
  }

  get done(): boolean {
    return this.char === this.text.length
  }

  /** The place in the bytes of a place in the text at or behind the cursor. */
  byteAt(char: number): number {
    if (this.encoding !== 'utf8') return char
    return char === this.text.length
      ? this.bytes.length
      : this.byte + Buffer.byteLength(this.text.slice(this.char, char))
  }

  moveTo(char: number, byte: number): void {
    this.char = char
    this.byte = byte
  }

  /** The text between two places; null if its bytes are not valid UTF-8. */
  decode(from: number, to: number): string | null {
    const slice = this.text.slice(from, to)
    if (this.encoding !== 'mixed') return slice
    const bytes = this.bytes.subarray(from, to)
    return isUtf8(bytes) ? bytes.toString('utf8') : null
  }
}

/** The first byte that is not part of valid UTF-8, counted from 0; the length if there is none. */
export function firstInvalidByte(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at]!
    const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (at + size > bytes.length || !isUtf8(bytes.subarray(at, at + size))) return at
    at += size
  }
  return bytes.length
}
