import { ByteSlab } from './byte-slab.ts'
import { writeUtf8 } from './utf8-text.ts'

const BIG = 4096

/** Values in a binary encoding, written into slabs: what Avro's and Protobuf's have in common. */
export class SlabOutput {
  protected readonly slab = new ByteSlab()
  /** Where in the slab the next byte goes. */
  protected at = 0

  /** Begins a value with the registry's prefix. */
  begin(prefix: Uint8Array): void {
    this.at = this.slab.begin()
    this.raw(prefix)
  }

  finish(): Uint8Array {
    return this.slab.take(this.at)
  }

  byte(byte: number): void {
    const at = this.slab.reserve(this.at, 1)
    this.slab.bytes[at] = byte
    this.at = at + 1
  }

  float(value: number): void {
    const at = this.slab.reserve(this.at, 4)
    this.at = this.slab.bytes.writeFloatLE(value, at)
  }

  double(value: number): void {
    const at = this.slab.reserve(this.at, 8)
    this.at = this.slab.bytes.writeDoubleLE(value, at)
  }

  raw(bytes: Uint8Array): void {
    const at = this.slab.reserve(this.at, bytes.length)
    this.slab.bytes.set(bytes, at)
    this.at = at + bytes.length
  }

  /** Bits of a 64-bit number, seven to a byte, the lowest first. */
  protected varint(bits: bigint): void {
    let rest = bits
    while (rest > 0x7fn) {
      this.byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.byte(Number(rest))
  }

  /** Text whose length in bytes is written already. */
  protected utf8(text: string, length: number): void {
    const room = text.length * 3
    // Room for the longest that it could be is three times as much memory: of a big text too much.
    const isBig = room > BIG
    const at = this.slab.reserve(this.at, isBig ? length : room)
    const { bytes } = this.slab
    this.at = at + (isBig ? bytes.write(text, at, length, 'utf8') : writeUtf8(bytes, at, text))
  }
}
