import { ProtocolError } from '../protocol-error.ts'
import { type Int64, readInt64 } from './int64.ts'

/**
 * Reads Kafka's primitive types from one buffer. Every read checks that the bytes are there: a message that is cut off,
 * or announces more than it holds, raises `MALFORMED` before anything is allocated for it.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #text: Buffer
  readonly #view: DataView
  #position: number

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#position = position
  }

  get position(): number {
    return this.#position
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2))
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  int64(): Int64 {
    return readInt64(this.#view, this.#take(8))
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  /** An unsigned varint of at most 32 bits. */
  uvarint(): number {
    const at = this.#position
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new ProtocolError('MALFORMED', 'A varint is longer than 32 bits', { position: at })
  }

  /** A view of the next bytes, not a copy. */
  raw(length: number): Uint8Array {
    const at = this.#take(length)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length)
  }

  /** The next `length` bytes as UTF-8; invalid sequences become U+FFFD, as in Java. */
  string(length: number): string {
    const at = this.#take(length)
    return this.#text.toString('utf8', at, at + length)
  }

  /** The next 16 bytes as Kafka's url-safe text. */
  uuid(): string {
    const at = this.#take(16)
    return this.#text.toString('base64url', at, at + 16)
  }

  skip(length: number): void {
    this.#take(length)
  }

  /** Fails unless everything has been read. */
  end(): void {
    if (this.remaining > 0) {
      throw new ProtocolError('MALFORMED', `${this.remaining} bytes follow the end of the message`, {
        position: this.#position,
        remedy: 'Check that both sides mean the same API and version.',
      })
    }
  }

  #take(count: number): number {
    const at = this.#position
    if (count > this.#bytes.length - at || count < 0) {
      throw new ProtocolError('MALFORMED', `${count} bytes are announced, ${this.#bytes.length - at} are left`, {
        position: at,
      })
    }
    this.#position = at + count
    return at
  }
}
