/** Avro's binary encoding, written into slabs. */
import { SlabOutput } from '../slab-output.ts'
import { writeUtf8 } from '../utf8-text.ts'

/** Lengths up to this one take a single byte. */
const SHORT_MAX = 63

export class AvroOutput extends SlabOutput {
  /** Up to 53 bits. */
  int(value: number): void {
    let at = this.slab.reserve(this.at, 10)
    const bytes = this.slab.bytes
    if (value < -0x40000000 || value > 0x3fffffff) {
      // Doubled it may have 54 bits: what is even stays exact, and the odd ones are made of the quotient.
      let low = value < 0 ? (-(value + 1) % 64) * 2 + 1 : (value % 64) * 2
      let rest = Math.floor((value < 0 ? -(value + 1) : value) / 64)
      while (rest > 0) {
        bytes[at++] = low | 0x80
        low = rest % 128
        rest = Math.floor(rest / 128)
      }
      bytes[at++] = low
    } else {
      let raw = (value << 1) ^ (value >> 31)
      while (raw > 0x7f) {
        bytes[at++] = (raw & 0x7f) | 0x80
        raw >>>= 7
      }
      bytes[at++] = raw
    }
    this.at = at
  }

  long(value: bigint): void {
    this.varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))
  }

  string(text: string): void {
    const room = text.length * 3
    if (room > SHORT_MAX) {
      const length = Buffer.byteLength(text)
      this.int(length)
      return this.utf8(text, length)
    }
    const at = this.slab.reserve(this.at, room + 1)
    const length = writeUtf8(this.slab.bytes, at + 1, text)
    this.slab.bytes[at] = length * 2
    this.at = at + 1 + length
  }

  bytes(bytes: Uint8Array): void {
    this.int(bytes.length)
    this.raw(bytes)
  }
}
