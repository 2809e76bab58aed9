/** Protobuf's binary encoding, read from one record's bytes; never beyond the end of the message at hand. */
import { DataError } from '@sluice/sdk'
import { bufferOf, utf8Text } from '../utf8-text.ts'

/** Groups within groups that nobody knows; Java's reader follows as many. */
const GROUPS_MAX = 100

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, group: 3, groupEnd: 4, fixed32: 5 } as const

export class ProtoInput {
  readonly #isWrapping: boolean
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #limit = 0
  /** The varint read last, in two halves. */
  #low = 0
  #high = 0

  /** @param isWrapping whether integers that are too wide lose their upper bits; otherwise they are errors */
  constructor(isWrapping: boolean) {
    this.#isWrapping = isWrapping
  }

  begin(bytes: Uint8Array, at: number): void {
    this.#bytes = bufferOf(bytes)
    this.#at = at
    this.#limit = bytes.length
  }

  /** Where the next value begins; see `merged`. */
  get position(): number {
    return this.#at
  }

  hasMore(): boolean {
    return this.#at < this.#limit
  }

  /** The number of a field and the wire type behind it. */
  tag(): number {
    const tag = this.#uint()
    if (tag < 8 || (tag & 7) > 5) throw new DataError(`${tag} is no tag of a Protobuf field`, { remedy: REMEDY })
    return tag
  }

  bool(): boolean {
    this.#varint()
    return (this.#low | this.#high) !== 0
  }

  int32(): number {
    this.#varint()
    const value = this.#low | 0
    if ((this.#high | 0) === value >> 31 || this.#isWrapping) return value
    throw tooWide(whole(this.#high, this.#low), 'int32')
  }

  uint32(): number {
    this.#varint()
    if (this.#high === 0 || this.#isWrapping) return this.#low >>> 0
    throw tooWide(whole(this.#high, this.#low), 'uint32')
  }

  sint32(): number {
    const raw = this.uint32()
    return (raw >>> 1) ^ -(raw & 1)
  }

  int64(): number | bigint {
    this.#varint()
    return whole(this.#high, this.#low)
  }

  uint64(): number | bigint {
    this.#varint()
    return this.#unsigned()
  }

  sint64(): number | bigint {
    this.#varint()
    const sign = -(this.#low & 1)
    const low = ((this.#low >>> 1) | (this.#high << 31)) ^ sign
    return whole((this.#high >>> 1) ^ sign, low)
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#skip(4))
  }

  sfixed32(): number {
    return this.#bytes.readInt32LE(this.#skip(4))
  }

  fixed64(): number | bigint {
    this.#fixed()
    return this.#unsigned()
  }

  sfixed64(): number | bigint {
    this.#fixed()
    return whole(this.#high, this.#low)
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#skip(4))
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8))
  }

  string(): string {
    const length = this.#uint()
    const start = this.#skip(length)
    const text = utf8Text(this.#bytes, start, start + length)
    if (text === undefined) throw new DataError('The Protobuf string is not UTF-8')
    return text
  }

  bytes(): Uint8Array {
    const length = this.#uint()
    const start = this.#skip(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** Goes into what stands behind a length. @returns what `leave` needs when it has been read */
  enter(): number {
    const length = this.#uint()
    const outer = this.#limit
    if (length > outer - this.#at) throw beyond(length, outer - this.#at)
    this.#limit = this.#at + length
    return outer
  }

  leave(outer: number): void {
    this.#limit = outer
  }

  message<T>(read: (input: ProtoInput) => T): T {
    const outer = this.enter()
    const value = read(this)
    this.#limit = outer
    return value
  }

  /** The tag of the group's beginning has been read. */
  group<T>(read: (input: ProtoInput) => T): T {
    const start = this.#at
    const end = this.#groupEnd()
    const [outer, next] = [this.#limit, this.#at]
    this.#at = start
    this.#limit = end
    const value = read(this)
    this.#at = next
    this.#limit = outer
    return value
  }

  /** A message that is not there: all of it is as by default. */
  absent<T>(read: (input: ProtoInput) => T): T {
    const outer = this.#limit
    this.#limit = this.#at
    const value = read(this)
    this.#limit = outer
    return value
  }

  /** One message that was written in several parts: what a reader makes of them is what it makes of all their bytes in a row. */
  merged<T>(read: (input: ProtoInput) => T, starts: readonly number[], isGroup: boolean): T {
    const [bytes, at, limit] = [this.#bytes, this.#at, this.#limit]
    const parts = starts.map((start) => {
      this.#at = start
      if (!isGroup) return this.bytes()
      const end = this.#groupEnd()
      return bytes.subarray(start, end)
    })
    this.begin(Buffer.concat(parts), 0)
    const value = read(this)
    this.#bytes = bytes
    this.#at = at
    this.#limit = limit
    return value
  }

  /** Passes by a field that nobody knows. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WIRE.varint:
        return this.#varint()
      case WIRE.fixed64:
        return void this.#skip(8)
      case WIRE.bytes:
        return void this.#skip(this.#uint())
      case WIRE.group:
        return void this.#groupEnd()
      case WIRE.fixed32:
        return void this.#skip(4)
      default:
        throw new DataError('A Protobuf group ends that has not begun', { remedy: REMEDY })
    }
  }

  /** Passes by a group. @returns where the tag of its end stands */
  #groupEnd(): number {
    for (let depth = 1; ;) {
      const end = this.#at
      if (end >= this.#limit) throw truncated()
      const tag = this.tag()
      const wire = tag & 7
      if (wire === WIRE.group) {
        if (++depth > GROUPS_MAX)
          throw new DataError(`The Protobuf value has groups more than ${GROUPS_MAX} levels deep`)
      } else if (wire !== WIRE.groupEnd) this.skip(tag)
      else if (--depth === 0) return end
    }
  }

  #unsigned(): number | bigint {
    const value = whole(this.#high, this.#low)
    if (value >= 0 || this.#isWrapping) return value
    throw tooWide(BigInt.asUintN(64, BigInt(value)), 'int64')
  }

  /** A varint of 32 bits: a tag or a length. */
  #uint(): number {
    const at = this.#at
    if (at < this.#limit && this.#bytes[at]! < 0x80) {
      this.#at = at + 1
      return this.#bytes[at]!
    }
    this.#varint()
    if (this.#high !== 0) throw new DataError('The Protobuf tag or length has more than 32 bits', { remedy: REMEDY })
    return this.#low >>> 0
  }

  #varint(): void {
    const bytes = this.#bytes
    const limit = this.#limit
    let at = this.#at
    if (at < limit && bytes[at]! < 0x80) {
      this.#at = at + 1
      this.#low = bytes[at]!
      this.#high = 0
      return
    }
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= limit) throw truncated()
      const byte = bytes[at++]!
      if (shift < 28) low |= (byte & 0x7f) << shift
      else if (shift === 28) {
        low |= byte << 28
        high = (byte & 0x7f) >> 4
      } else {
        if (shift === 63 && byte > 1)
          throw new DataError('The Protobuf integer has more than 64 bits', { remedy: REMEDY })
        high |= (byte & 0x7f) << (shift - 32)
      }
      if (byte < 0x80) break
    }
    this.#at = at
    this.#low = low
    this.#high = high
  }

  #fixed(): void {
    const at = this.#skip(8)
    this.#low = this.#bytes.readInt32LE(at)
    this.#high = this.#bytes.readInt32LE(at + 4)
  }

  #skip(count: number): number {
    const start = this.#at
    const left = this.#limit - start
    if (count > left) throw beyond(count, left)
    this.#at = start + count
    return start
  }
}

/** 64 bits with a sign: a number when that is exact, else a bigint. */
function whole(high: number, low: number): number | bigint {
  const top = high | 0
  if (top >= -0x20_0000 && top < 0x20_0000) {
    const value = top * 0x1_0000_0000 + (low >>> 0)
    if (Number.isSafeInteger(value)) return value
  }
  return (BigInt(top) << 32n) | BigInt(low >>> 0)
}

const REMEDY = 'Look whether the record is whole, and was written with the schema whose id it bears.'

function truncated(): DataError {
  return new DataError('The Protobuf value is longer than its record', { remedy: REMEDY })
}

function beyond(count: number, left: number): DataError {
  return new DataError(`The Protobuf value claims ${count} bytes where ${left} are left`, { remedy: REMEDY })
}

function tooWide(value: number | bigint, type: string): DataError {
  return new DataError(`${value} is no ${type}`, {
    remedy:
      'Write values within the type that the schema says, or set integer.overflow=wrap to read as Java does: another number.',
  })
}
