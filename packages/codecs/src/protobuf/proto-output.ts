/** Protobuf's binary encoding, written into slabs. */
import { SlabOutput } from '../slab-output.ts'
import { writeUtf8 } from '../utf8-text.ts'

/** Lengths up to this one take a single byte. */
const SHORT_MAX = 127

export class ProtoOutput extends SlabOutput {
  /** Up to 53 bits, without a sign: also tags and lengths. */
  uint(value: number): void {
    let at = this.slab.reserve(this.at, 8)
    const { bytes } = this.slab
    let rest = value
    while (rest > 0x7fff_ffff) {
      bytes[at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.at = at
  }

  /** Negative ones take ten bytes, as Protobuf wants it. */
  int(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) return this.uint(value)
    this.varint(BigInt.asUintN(64, BigInt(value)))
  }

  sint(value: number | bigint): void {
    if (typeof value === 'number' && value >= -0x4000_0000 && value < 0x4000_0000)
      return this.uint(((value << 1) ^ (value >> 31)) >>> 0)
    const big = BigInt(value)
    this.int(BigInt.asUintN(64, (big << 1n) ^ (big >> 63n)))
  }

  fixed32(value: number): void {
    const at = this.slab.reserve(this.at, 4)
    this.at = this.slab.bytes.writeInt32LE(value | 0, at)
  }

  fixed64(value: number | bigint): void {
    const at = this.slab.reserve(this.at, 8)
    this.at = this.slab.bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at)
  }

  string(text: string): void {
    const room = text.length * 3
    if (room > SHORT_MAX) {
      const length = Buffer.byteLength(text)
      this.uint(length)
      return this.utf8(text, length)
    }
    const at = this.slab.reserve(this.at, room + 1)
    const length = writeUtf8(this.slab.bytes, at + 1, text)
    this.slab.bytes[at] = length
    this.at = at + 1 + length
  }

  bytes(bytes: Uint8Array): void {
    this.uint(bytes.length)
    this.raw(bytes)
  }

  /** Begins what stands behind its length, which is written when it is known. @returns what `close` needs */
  open(): number {
    const at = this.slab.reserve(this.at, 1)
    this.at = at + 1
    return this.at - this.slab.begin()
  }

  close(mark: number): void {
    const start = this.slab.begin() + mark
    const length = this.at - start
    if (length <= SHORT_MAX) {
      this.slab.bytes[start - 1] = length
      return
    }
    // Nearly all messages within messages are short; a longer one moves to make room for the rest of its length.
    const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4
    this.slab.reserve(this.at, more)
    const from = this.slab.begin() + mark
    this.slab.bytes.copyWithin(from + more, from, from + length)
    this.at = from - 1
    this.uint(length)
    this.at = from + more + length
  }
}
