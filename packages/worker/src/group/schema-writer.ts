import { DataError } from '@sluice/sdk'

const STRING_BYTES_MAX = 0x7fff

/** Whether a name fits into a string of Kafka's schemas. */
export function fitsString(text: string): boolean {
  return text.length * 3 <= STRING_BYTES_MAX || Buffer.byteLength(text) <= STRING_BYTES_MAX
}

const ROOM_BYTES = 256

/** Writes as Kafka's schemas do: big-endian, strings behind 16 bits of length, bytes and arrays behind 32. */
export class SchemaWriter {
  #buffer = Buffer.allocUnsafe(ROOM_BYTES)
  #length = 0

  int16(value: number): this {
    const at = this.#take(2)
    this.#buffer.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#take(4)
    this.#buffer.writeInt32BE(value, at)
    return this
  }

  int64(value: bigint): this {
    const at = this.#take(8)
    this.#buffer.writeBigInt64BE(value, at)
    return this
  }

  /** @throws DataError for more than 32,767 bytes */
  string(text: string): this {
    if (!fitsString(text)) {
      throw new DataError(`A text of ${Buffer.byteLength(text)} bytes is larger than ${STRING_BYTES_MAX}`)
    }
    const length = Buffer.byteLength(text)
    this.int16(length)
    const at = this.#take(length)
    this.#buffer.write(text, at, length)
    return this
  }

  nullableBytes(bytes: Uint8Array | null): this {
    if (bytes === null) return this.int32(-1)
    this.int32(bytes.length)
    const at = this.#take(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Where so many bytes may be written. */
  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}
