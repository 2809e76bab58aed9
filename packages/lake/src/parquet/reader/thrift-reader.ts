/** Thrift's compact protocol, reading only; see ../thrift.ts. Fields are told apart by their ids, unknown ones are kept too. */

export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct
/** By field id. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>

const DEPTH_MAX = 32

export class ThriftReader {
  readonly #bytes: Uint8Array
  /** Where the next value begins. */
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  /** @throws RangeError when the bytes end too early or are no struct */
  struct(depth = 0): ThriftStruct {
    if (depth > DEPTH_MAX) throw new RangeError('a Thrift struct is nested too deep')
    const fields = new Map<number, ThriftValue>()
    let id = 0
    for (;;) {
      const header = this.#byte()
      if (header === 0) return fields
      id = header >>> 4 === 0 ? this.#zigzag() : id + (header >>> 4)
      fields.set(id, this.#value(header & 15, depth))
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
        return true
      case 2:
        return false
      case 3:
        return (this.#byte() << 24) >> 24
      case 4:
      case 5:
      case 6:
        return this.#zigzag()
      case 7:
        return this.#double()
      case 8:
        return this.#binary()
      case 9:
      case 10:
        return this.#list(depth)
      case 12:
        return this.struct(depth + 1)
      default:
        throw new RangeError(`Thrift has no type ${type}`)
    }
  }

  #list(depth: number): ThriftValue[] {
    const header = this.#byte()
    const length = header >>> 4 === 15 ? this.#varint() : header >>> 4
    const type = header & 15
    // Every element takes a byte at least.
    if (length > this.#bytes.length - this.at) throw new RangeError('a Thrift list is longer than its bytes')
    const items: ThriftValue[] = []
    for (let i = 0; i < length; i++) {
      items.push(type === 1 || type === 2 ? this.#byte() === 1 : this.#value(type, depth))
    }
    return items
  }

  #binary(): Uint8Array {
    const length = this.#varint()
    if (length > this.#bytes.length - this.at) throw new RangeError('Thrift bytes end too early')
    const start = this.at
    this.at += length
    return this.#bytes.subarray(start, this.at)
  }

  #double(): number {
    if (this.at + 8 > this.#bytes.length) throw new RangeError('Thrift bytes end too early')
    const value = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length).readDoubleLE(this.at)
    this.at += 8
    return value
  }
  #zigzag(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  /** In doubles: places in a file go beyond 2^32. */
  #varint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new RangeError('a Thrift number is too long')
  }
  #byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new RangeError('Thrift bytes end too early')
    return byte
  }
}

export function numberOf(fields: ThriftStruct, id: number): number | undefined {
  const value = fields.get(id)
  return typeof value === 'number' ? value : undefined
}
export function structOf(fields: ThriftStruct, id: number): ThriftStruct | undefined {
  const value = fields.get(id)
  return value instanceof Map ? (value as ThriftStruct) : undefined
}
export function listOf(fields: ThriftStruct, id: number): readonly ThriftValue[] {
  const value = fields.get(id)
  return Array.isArray(value) ? (value as readonly ThriftValue[]) : []
}
export function structsOf(fields: ThriftStruct, id: number): ThriftStruct[] {
  return listOf(fields, id).filter((value): value is ThriftStruct => value instanceof Map)
}
export function bytesOf(fields: ThriftStruct, id: number): Uint8Array | undefined {
  const value = fields.get(id)
  return value instanceof Uint8Array ? value : undefined
}
export function textOf(fields: ThriftStruct, id: number): string | undefined {
  const value = bytesOf(fields, id)
  return value === undefined ? undefined : Buffer.from(value.buffer, value.byteOffset, value.length).toString()
}
/** @throws RangeError when it is not there: the format requires it */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`${what} is missing`)
  return value
}
