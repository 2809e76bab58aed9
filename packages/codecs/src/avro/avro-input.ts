/** Avro's binary encoding, read from one record's bytes; never beyond their end. */
import { DataError } from '@sluice/sdk'
import { bufferOf, utf8Text } from '../utf8-text.ts'

/** Of array items that need no bytes: any number of them could be claimed. */
const WIDTHLESS_MAX = 100_000

export class AvroInput {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  begin(bytes: Uint8Array, at: number): void {
    this.#bytes = bufferOf(bytes)
    this.#at = at
  }

  /** @throws DataError when there is more than what has been read */
  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0)
      throw new DataError(`The Avro value ends ${left} bytes before its record does`, {
        remedy: 'Look whether the record was written with the schema whose id it bears.',
      })
  }

  boolean(): boolean {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw truncated()
    if (byte > 1) throw new DataError(`The Avro boolean is ${byte}, neither 0 nor 1`)
    return byte === 1
  }

  /** 32 bits. */
  int(): number {
    const bytes = this.#bytes
    let raw = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.#at++]
      if (byte === undefined) throw truncated()
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) throw tooLong(32)
        return (raw >>> 1) ^ -(raw & 1)
      }
    }
    throw tooLong(32)
  }

  /** 64 bits: a number when that is exact, else a bigint. */
  long(): number | bigint {
    const bytes = this.#bytes
    let raw = 0
    let factor = 1
    const start = this.#at
    // Seven bytes are 49 bits: exact as a number.
    for (let i = 0; i < 7; i++) {
      const byte = bytes[this.#at++]
      if (byte === undefined) throw truncated()
      raw += (byte & 0x7f) * factor
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
      factor *= 128
    }
    this.#at = start
    return this.#bigLong()
  }

  #bigLong(): number | bigint {
    let raw = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw truncated()
      raw |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 63n && byte > 1) throw tooLong(64)
        const value = (raw >> 1n) ^ -(raw & 1n)
        const number = Number(value)
        return Number.isSafeInteger(number) ? number : value
      }
    }
    throw tooLong(64)
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#skip(4))
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8))
  }

  string(): string {
    const length = this.#length()
    const start = this.#skip(length)
    const text = utf8Text(this.#bytes, start, start + length)
    if (text === undefined) throw new DataError('The Avro string is not UTF-8')
    return text
  }

  bytes(): Uint8Array {
    return this.fixed(this.#length())
  }

  fixed(size: number): Uint8Array {
    const start = this.#skip(size)
    return this.#bytes.subarray(start, start + size)
  }

  /**
   * How many items or entries the next block of an array or a map has; 0: it has ended.
   * @param sofar those of the blocks before
   */
  block(isWidthless: boolean, sofar: number): number {
    let count = this.long()
    if (count === 0) return 0
    if (count < 0) {
      count = -count
      // The size of the block, for those who skip it.
      this.#length()
    }
    const most = isWidthless ? WIDTHLESS_MAX - sofar : this.#bytes.length - this.#at
    if (count > most)
      throw new DataError(`The Avro block claims ${count} items, more than its ${this.#bytes.length} bytes can hold`)
    return Number(count)
  }

  #length(): number {
    const length = this.long()
    if (length >= 0) return Number(length)
    throw new DataError(`The Avro value claims a length of ${length} bytes`)
  }

  #skip(count: number): number {
    const start = this.#at
    const left = this.#bytes.length - start
    if (count > left)
      throw new DataError(`The Avro value claims ${count} bytes where ${left} are left`, { remedy: TRUNCATED_REMEDY })
    this.#at = start + count
    return start
  }
}

const TRUNCATED_REMEDY = 'Look whether the record is whole, and was written with the schema whose id it bears.'

function truncated(): DataError {
  return new DataError('The Avro value is longer than its record', { remedy: TRUNCATED_REMEDY })
}

function tooLong(bits: number): DataError {
  return new DataError(`The Avro integer has more than ${bits} bits`, { remedy: TRUNCATED_REMEDY })
}
