import { DataError } from '@sluice/sdk'

/**
 * Reads as Kafka's schemas do (`org.apache.kafka.common.protocol.types`): big-endian, no byte is looked at behind what is asked for,
 * and what cannot be read is said field by field. So whatever a Java worker takes is taken, and nothing else.
 */
export class SchemaReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** @throws DataError that names the field, as the one around it does in turn */
  field<T>(name: string, read: () => T): T {
    try {
      return read()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new DataError(`Error reading field '${name}': ${why}`)
    }
  }

  /** A field of a schema that forgives missing ones if they have a default, as long as nothing at all follows. */
  lateField<T>(name: string, read: () => T, fallback?: { readonly value: T }): T {
    return this.field(name, () => {
      if (this.remaining > 0) return read()
      if (fallback !== undefined) return fallback.value
      throw new DataError(`Missing value for field '${name}' which has no default value.`)
    })
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8))
  }

  string(): string {
    const length = this.int16()
    if (length < 0) throw new DataError(`String length ${length} cannot be negative`)
    this.#assertThere('string of length', length)
    return this.#bytes.toString('utf8', this.#advance(length), this.#at)
  }

  nullableBytes(): Uint8Array | null {
    const length = this.int32()
    if (length < 0) return null
    this.#assertThere('bytes of size', length)
    return this.#bytes.subarray(this.#advance(length), this.#at)
  }

  array<T>(read: () => T): readonly T[] {
    const size = this.int32()
    if (size < 0) throw new DataError(`Array size ${size} cannot be negative`)
    return this.#elements(size, read)
  }

  nullableArray<T>(read: () => T): readonly T[] | null {
    const size = this.int32()
    return size < 0 ? null : this.#elements(size, read)
  }

  #elements<T>(size: number, read: () => T): readonly T[] {
    // No element is empty, so a count above the bytes left is a lie: no memory is taken for it.
    this.#assertThere('array of size', size)
    return Array.from({ length: size }, read)
  }

  #advance(count: number): number {
    if (count > this.remaining) throw new DataError('the bytes end')
    const from = this.#at
    this.#at += count
    return from
  }

  #assertThere(what: string, count: number): void {
    if (count > this.remaining) {
      throw new DataError(`Error reading ${what} ${count}, only ${this.remaining} bytes available`)
    }
  }
}
