/** The bytes that members of a Streams group exchange are made of Java's ints, longs and counted texts. */
import { readInt, readLong, writeLong } from '../state/formats/longs.ts'

export function int(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function long(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  writeLong(bytes, value, 0)
  return bytes
}

/** With its length as a Java int, or short. */
export function text(value: string, length: 'int' | 'short'): Buffer {
  const bytes = Buffer.from(value)
  const count = Buffer.allocUnsafe(length === 'int' ? 4 : 2)
  count.writeIntBE(bytes.length, 0, count.length)
  return Buffer.concat([count, bytes])
}

/** Reads on from where it stands. @throws RangeError behind the end */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  byte(): number {
    return this.#take(1).readInt8(0)
  }

  short(): number {
    return this.#take(2).readInt16BE(0)
  }

  int(): number {
    return readInt(this.#take(4), 0)
  }

  long(): number {
    return readLong(this.#take(8), 0)
  }

  bytes(length: number): Buffer {
    return this.#take(length)
  }

  text(length: 'int' | 'short'): string {
    return this.#take(length === 'int' ? this.int() : this.short()).toString('utf8')
  }

  /** As many as an int in front of them says. */
  list<T>(read: () => T): T[] {
    const count = this.int()
    if (count < 0 || count > this.#bytes.length - this.#at) throw new RangeError(`a list of ${count} entries`)
    return Array.from({ length: count }, read)
  }

  #take(length: number): Buffer {
    const from = this.#at
    if (length < 0 || from + length > this.#bytes.length)
      throw new RangeError(`${length} bytes at ${from} of ${this.#bytes.length}`)
    this.#at += length
    return this.#bytes.subarray(from, this.#at)
  }
}
