import { DataError } from '@sluice/sdk'

const STRING_BYTES_MAX = 0x7fff

/** Whether a name fits into a string of Kafka's schemas. */
export function fitsString(text: string): boolean {
  return text.length * 3 <= STRING_BYTES_MAX || Buffer.byteLength(text) <= STRING_BYTES_MAX
}

/** Writes as Kafka's schemas do: big-endian, strings behind 16 bits of length, bytes and arrays behind 32. */
export class SchemaWriter {
  readonly #parts: Buffer[] = []

  int16(value: number): this {
    const bytes = Buffer.alloc(2)
    bytes.writeInt16BE(value)
    return this.#push(bytes)
  }

  int32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return this.#push(bytes)
  }

  int64(value: bigint): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(value)
    return this.#push(bytes)
  }

  /** @throws DataError for more than 32,767 bytes */
  string(text: string): this {
    if (!fitsString(text)) {
      throw new DataError(`A text of ${Buffer.byteLength(text)} bytes is larger than ${STRING_BYTES_MAX}`)
    }
    const bytes = Buffer.from(text)
    return this.int16(bytes.length).#push(bytes)
  }

  nullableBytes(bytes: Uint8Array | null): this {
    return bytes === null ? this.int32(-1) : this.int32(bytes.length).#push(bytes)
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    return this
  }
}
