/** Kafka's own encoding of structures (`org.apache.kafka.common.protocol.types`), as far as MirrorMaker's records need it: big-endian. */
import { DataError } from '@sluice/sdk'

/** One value after the other, as they come. Texts are UTF-8 behind a length of 16 bits. */
export class FieldWriter {
  readonly #parts: Buffer[] = []

  int16(value: number): this {
    const bytes = Buffer.allocUnsafe(2)
    bytes.writeInt16BE(value)
    return this.#add(bytes)
  }

  int32(value: number): this {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value)
    return this.#add(bytes)
  }

  int64(value: number): this {
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(BigInt(value))
    return this.#add(bytes)
  }

  text(value: string): this {
    const bytes = Buffer.from(value, 'utf8')
    return this.int16(bytes.length).#add(bytes)
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #add(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }
}

/** Reads in the order of writing. What lies behind the last value is left alone, as Java does. @throws DataError when bytes are missing */
export class FieldReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#take(8)))
  }

  text(): string {
    const length = this.int16()
    const at = this.#take(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  #take(length: number): number {
    const at = this.#at
    if (length < 0 || length > this.left)
      throw new DataError(`The bytes end where ${length} more are to come`, { place: { position: at } })
    this.#at += length
    return at
  }
}
