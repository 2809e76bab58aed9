/** Avro's binary encoding, written into slabs. */
import { ByteSlab } from '../byte-slab.ts'
import { writeUtf8 } from '../utf8-text.ts'

/** Lengths up to this one take a single byte. */
const SHORT_MAX = 63
const BIG = 4096

export class AvroOutput {
  readonly #slab = new ByteSlab()
  #at = 0

  /** Begins a value with the registry's prefix. */
  begin(prefix: Uint8Array): void {
    this.#at = this.#slab.begin()
    this.raw(prefix)
  }

  finish(): Uint8Array {
    return this.#slab.take(this.#at)
  }

  byte(byte: number): void {
    const at = this.#slab.reserve(this.#at, 1)
    this.#slab.bytes[at] = byte
    this.#at = at + 1
  }

  /** Up to 53 bits. */
  int(value: number): void {
    let at = this.#slab.reserve(this.#at, 10)
    const bytes = this.#slab.bytes
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
    this.#at = at
  }

  long(value: bigint): void {
    let raw = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (raw > 0x7fn) {
      this.byte(Number(raw & 0x7fn) | 0x80)
      raw >>= 7n
    }
    this.byte(Number(raw))
  }

  float(value: number): void {
    const at = this.#slab.reserve(this.#at, 4)
    this.#at = this.#slab.bytes.writeFloatLE(value, at)
  }

  double(value: number): void {
    const at = this.#slab.reserve(this.#at, 8)
    this.#at = this.#slab.bytes.writeDoubleLE(value, at)
  }

  string(text: string): void {
    const room = text.length * 3
    if (room > SHORT_MAX) return this.#longer(text, room)
    const at = this.#slab.reserve(this.#at, room + 1)
    const length = writeUtf8(this.#slab.bytes, at + 1, text)
    this.#slab.bytes[at] = length * 2
    this.#at = at + 1 + length
  }

  #longer(text: string, room: number): void {
    const length = Buffer.byteLength(text)
    this.int(length)
    // Room for the longest that it could be is three times as much memory: of a big text too much.
    const isBig = room > BIG
    const at = this.#slab.reserve(this.#at, isBig ? length : room)
    const { bytes } = this.#slab
    this.#at = at + (isBig ? bytes.write(text, at, length, 'utf8') : writeUtf8(bytes, at, text))
  }

  bytes(bytes: Uint8Array): void {
    this.int(bytes.length)
    this.raw(bytes)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#slab.reserve(this.#at, bytes.length)
    this.#slab.bytes.set(bytes, at)
    this.#at = at + bytes.length
  }
}
