import { KEPT_BYTES_MAX } from './pages.ts'

/** Up to this length a loop over the characters beats the call into Node's UTF-8 encoder. */
const SHORT_TEXT = 24

/** Up to this length a loop over the bytes beats the call that copies them. */
const SHORT_BYTES = 64

/** Longer values are refused: the length of a page has 32 bits. */
export const VALUE_BYTES_MAX: number = 256 * 1024 * 1024

/** Byte arrays one behind the other, each behind its length in four bytes: PLAIN encoding, in one growing buffer. */
export class ByteBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(4096)
  /** Where the next value goes. */
  at = 0

  /** Appends a value of at most `VALUE_BYTES_MAX` bytes. */
  addBytes(value: Uint8Array): void {
    this.reserve(4 + value.length)
    this.setLength(value.length)
    this.bytes.set(value, this.at + 4)
    this.at += 4 + value.length
  }

  /** Appends what stands from `from` to `to`, as a value of at most `VALUE_BYTES_MAX` bytes. */
  addPart(source: Uint8Array, from: number, to: number): void {
    const length = to - from
    this.reserve(4 + length)
    this.setLength(length)
    const { bytes } = this
    const start = this.at + 4
    if (length > SHORT_BYTES) bytes.set(source.subarray(from, to), start)
    else for (let i = 0; i < length; i++) bytes[start + i] = source[from + i]!
    this.at = start + length
  }

  /**
   * Appends a text as UTF-8. False, having added nothing, if half of a surrogate pair in it has no UTF-8 form, or if it is
   * longer than `VALUE_BYTES_MAX`.
   */
  addText(value: string): boolean {
    const length = value.length
    if (length > VALUE_BYTES_MAX) return false
    this.reserve(4 + 3 * length)
    const { bytes } = this
    const from = this.at + 4
    let i = 0
    if (length <= SHORT_TEXT) {
      for (; i < length; i++) {
        const code = value.charCodeAt(i)
        if (code > 127) break
        bytes[from + i] = code
      }
    }
    if (i < length) {
      const written = bytes.write(value, from)
      if (written !== length && !value.isWellFormed()) return false
      this.setLength(written)
      this.at = from + written
    } else {
      this.setLength(length)
      this.at = from + length
    }
    return true
  }

  /** Appends what stands from `start` to `end` in another buffer, lengths included. */
  addEncoded(source: ByteBuffer, start: number, end: number): void {
    this.reserve(end - start)
    source.bytes.copy(this.bytes, this.at, start, end)
    this.at += end - start
  }

  /** Appends `length` bytes for the caller to fill, without a length in front; answers their place. */
  addRoom(length: number): number {
    this.reserve(length)
    const start = this.at
    this.at += length
    return start
  }

  encoded(): Uint8Array {
    return this.bytes.subarray(0, this.at)
  }

  clear(): void {
    this.at = 0
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = Buffer.allocUnsafeSlow(4096)
  }

  private setLength(length: number): void {
    const { bytes, at } = this
    bytes[at] = length & 255
    bytes[at + 1] = (length >>> 8) & 255
    bytes[at + 2] = (length >>> 16) & 255
    bytes[at + 3] = length >>> 24
  }

  private reserve(count: number): void {
    const needed = this.at + count
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }
}
