/**
 * Thrift's compact protocol, writing only: what Parquet's page headers and footer are made of.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 *
 * A struct is written field by field in ascending order of their ids, and ended with `end()`,
 * the outermost one with `finish()`.
 */
const I8 = 3
const I16 = 4
const I32 = 5
const I64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12

export type ListElement = 'boolean' | 'i32' | 'i64' | 'binary' | 'struct'
const ELEMENT_TYPE = { boolean: 1, i32: I32, i64: I64, binary: BINARY, struct: STRUCT } as const

export class ThriftWriter {
  private bytes: Buffer = Buffer.allocUnsafe(4096)
  private position = 0
  /** Id of the last field written, for the struct at hand and those around it. */
  private lastId = 0
  private readonly outerIds: number[] = []

  boolean(id: number, value: boolean): void {
    this.header(id, value ? 1 : 2)
  }
  i8(id: number, value: number): void {
    this.header(id, I8)
    this.byte(value & 0xff)
  }
  i16(id: number, value: number): void {
    this.header(id, I16)
    this.zigzag(value)
  }
  i32(id: number, value: number): void {
    this.header(id, I32)
    this.zigzag(value)
  }
  /** `value` is a safe integer: sizes, counts and places in a file. */
  i64(id: number, value: number): void {
    this.header(id, I64)
    this.zigzag(value)
  }
  binary(id: number, value: string | Uint8Array): void {
    this.header(id, BINARY)
    this.binaryElement(value)
  }
  struct(id: number): void {
    this.header(id, STRUCT)
    this.structElement()
  }
  /** A struct without fields: how a union names one of its cases. */
  emptyStruct(id: number): void {
    this.struct(id)
    this.end()
  }
  list(id: number, element: ListElement, length: number): void {
    this.header(id, LIST)
    if (length < 15) {
      this.byte((length << 4) | ELEMENT_TYPE[element])
    } else {
      this.byte(0xf0 | ELEMENT_TYPE[element])
      this.varint(length)
    }
  }

  booleanElement(value: boolean): void {
    this.byte(value ? 1 : 2)
  }
  i32Element(value: number): void {
    this.zigzag(value)
  }
  i64Element(value: number): void {
    this.zigzag(value)
  }
  binaryElement(value: string | Uint8Array): void {
    const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length
    this.varint(length)
    this.reserve(length)
    if (typeof value === 'string') this.bytes.write(value, this.position)
    else this.bytes.set(value, this.position)
    this.position += length
  }
  structElement(): void {
    this.outerIds.push(this.lastId)
    this.lastId = 0
  }
  /** Ends the struct at hand. */
  end(): void {
    this.byte(0)
    this.lastId = this.outerIds.pop() ?? 0
  }

  /** Ends the outermost struct and answers its bytes, as a copy; the writer starts again from nothing. */
  finish(): Uint8Array {
    this.byte(0)
    const taken = new Uint8Array(this.bytes.subarray(0, this.position))
    this.position = 0
    this.lastId = 0
    return taken
  }

  private header(id: number, type: number): void {
    const step = id - this.lastId
    if (step > 0 && step < 16) {
      this.byte((step << 4) | type)
    } else {
      this.byte(type)
      this.zigzag(id)
    }
    this.lastId = id
  }
  private zigzag(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1)
  }
  /** Works in doubles, not in 32-bit integers: places in a file go beyond 2^32. */
  private varint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.byte((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    this.byte(rest)
  }
  private byte(value: number): void {
    this.reserve(1)
    this.bytes[this.position++] = value
  }
  private reserve(count: number): void {
    if (this.position + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.position + count))
    this.bytes.copy(larger, 0, 0, this.position)
    this.bytes = larger
  }
}
