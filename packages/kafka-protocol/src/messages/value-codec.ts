import { ProtocolError } from '../protocol-error.ts'
import { isInt64 } from '../wire/int64.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** How one type of one version travels. Encoders check what they are given: a bad value never becomes bad bytes. */
export interface Codec {
  encode(writer: Writer, value: unknown): void
  decode(reader: Reader): unknown
  /** A fresh default: 0, '', false, no elements, a struct of defaults. */
  readonly blank: () => unknown
  /** The fewest bytes that a value takes: bounds what a count can announce. */
  readonly size: number
}

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
const EMPTY = new Uint8Array(0)

/** A value of the wrong kind for its field. */
export function invalid(path: string, wanted: string, value: unknown): ProtocolError {
  const kind = typeof value
  const got = value === null ? 'null' : kind === 'object' ? 'an object' : `the ${kind} ${String(value)}`
  return new ProtocolError('INVALID_MESSAGE', `${path} must be ${wanted}, not ${got}`)
}

/** The codec of a type word. Strings, bytes and records may be null; nothing else can. */
export function scalarCodec(type: string, isFlexible: boolean, isNullable: boolean, path: string): Codec {
  switch (type) {
    case 'boolean':
      return booleanCodec(path)
    case 'int8':
      return integerCodec(path, -128, 127, 1, (w, v) => w.int8(v), (r) => r.int8())
    case 'int16':
      return integerCodec(path, -32768, 32767, 2, (w, v) => w.int16(v), (r) => r.int16())
    case 'uint16':
      return integerCodec(path, 0, 65535, 2, (w, v) => w.int16(v), (r) => r.uint16())
    case 'int32':
      return integerCodec(path, -2147483648, 2147483647, 4, (w, v) => w.int32(v), (r) => r.int32())
    case 'uint32':
      return integerCodec(path, 0, 4294967295, 4, (w, v) => w.uint32(v), (r) => r.uint32())
    case 'int64':
      return int64Codec(path)
    case 'float64':
      return float64Codec(path)
    case 'uuid':
      return uuidCodec(path)
    case 'string':
      return stringCodec(isFlexible, isNullable, path)
    case 'bytes':
      return bytesCodec(isFlexible, isNullable, path)
    case 'records':
      return recordsCodec(isFlexible, isNullable, path)
    default:
      throw new TypeError(`${path}: '${type}' is not a type of the notation`)
  }
}

function booleanCodec(path: string): Codec {
  return {
    encode(writer, value) {
      if (typeof value !== 'boolean') throw invalid(path, 'true or false', value)
      writer.int8(value ? 1 : 0)
    },
    decode: (reader) => reader.int8() !== 0,
    blank: () => false,
    size: 1,
  }
}

function integerCodec(
  path: string,
  least: number,
  most: number,
  size: number,
  write: (writer: Writer, value: number) => void,
  decode: (reader: Reader) => number,
): Codec {
  return {
    encode(writer, value) {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
        throw invalid(path, `an integer from ${least} to ${most}`, value)
      }
      write(writer, value)
    },
    decode,
    blank: () => 0,
    size,
  }
}

function int64Codec(path: string): Codec {
  return {
    encode(writer, value) {
      if (!isInt64(value)) throw invalid(path, 'a safe integer or a bigint of 64 bits', value)
      writer.int64(value)
    },
    decode: (reader) => reader.int64(),
    blank: () => 0,
    size: 8,
  }
}

function float64Codec(path: string): Codec {
  return {
    encode(writer, value) {
      if (typeof value !== 'number') throw invalid(path, 'a number', value)
      writer.float64(value)
    },
    decode: (reader) => reader.float64(),
    blank: () => 0,
    size: 8,
  }
}

function uuidCodec(path: string): Codec {
  return {
    encode(writer, value) {
      const bytes = typeof value === 'string' && value.length === 22 ? Buffer.from(value, 'base64url') : EMPTY
      if (bytes.length !== 16) throw invalid(path, 'a uuid as 22 characters of url-safe base64', value)
      writer.raw(bytes)
    },
    decode: (reader) => reader.uuid(),
    blank: () => ZERO_UUID,
    size: 16,
  }
}

function stringCodec(isFlexible: boolean, isNullable: boolean, path: string): Codec {
  const writeLength = isFlexible
    ? (writer: Writer, byteCount: number) => writer.uvarint(byteCount + 1)
    : (writer: Writer, byteCount: number) => {
        if (byteCount > 32767) throw invalid(path, 'a string of at most 32767 bytes', `of ${byteCount} bytes`)
        writer.int16(byteCount)
      }
  return {
    encode(writer, value) {
      if (typeof value === 'string') writer.string(value, writeLength)
      else if (value === null && isNullable) writeNull(writer, isFlexible, 2)
      else throw invalid(path, isNullable ? 'a string or null' : 'a string', value)
    },
    decode(reader) {
      const length = readLength(reader, isFlexible, 2, isNullable, path)
      return length < 0 ? null : reader.string(length)
    },
    blank: () => '',
    size: isFlexible ? 1 : 2,
  }
}

function bytesCodec(isFlexible: boolean, isNullable: boolean, path: string): Codec {
  return {
    encode(writer, value) {
      if (value instanceof Uint8Array) {
        writeCount(writer, isFlexible, value.length)
        writer.raw(value)
      } else if (value === null && isNullable) writeNull(writer, isFlexible, 4)
      else throw invalid(path, isNullable ? 'a Uint8Array or null' : 'a Uint8Array', value)
    },
    decode: bytesDecoder(isFlexible, isNullable, path),
    blank: () => EMPTY,
    size: isFlexible ? 1 : 4,
  }
}

/** Record batches are spliced into the output, never copied. */
function recordsCodec(isFlexible: boolean, isNullable: boolean, path: string): Codec {
  return {
    encode(writer, value) {
      if (value instanceof Uint8Array) {
        writeCount(writer, isFlexible, value.length)
        writer.splice(value)
      } else if (Array.isArray(value) && value.every((part) => part instanceof Uint8Array)) {
        writeCount(
          writer,
          isFlexible,
          value.reduce((sum, part) => sum + part.length, 0),
        )
        for (const part of value) writer.splice(part)
      } else if (value === null && isNullable) writeNull(writer, isFlexible, 4)
      else throw invalid(path, 'record batches as Uint8Array', value)
    },
    decode: bytesDecoder(isFlexible, isNullable, path),
    blank: () => EMPTY,
    size: isFlexible ? 1 : 4,
  }
}

function bytesDecoder(isFlexible: boolean, isNullable: boolean, path: string): (reader: Reader) => Uint8Array | null {
  return (reader) => {
    const length = readLength(reader, isFlexible, 4, isNullable, path)
    return length < 0 ? null : reader.raw(length)
  }
}

/** An array of elements, or of structs. */
export function arrayCodec(element: Codec, isFlexible: boolean, isNullable: boolean, path: string): Codec {
  return {
    encode(writer, value) {
      if (Array.isArray(value)) {
        writeCount(writer, isFlexible, value.length)
        for (const one of value) element.encode(writer, one)
      } else if (value === null && isNullable) writeNull(writer, isFlexible, 4)
      else throw invalid(path, isNullable ? 'an array or null' : 'an array', value)
    },
    decode(reader) {
      const at = reader.position
      const count = readLength(reader, isFlexible, 4, isNullable, path)
      if (count < 0) return null
      if (count * element.size > reader.remaining) {
        throw new ProtocolError('MALFORMED', `${path} announces ${count} elements, ${reader.remaining} bytes are left`, {
          position: at,
        })
      }
      const values: unknown[] = []
      for (let i = 0; i < count; i++) values.push(element.decode(reader))
      return values
    },
    blank: () => [],
    size: isFlexible ? 1 : 4,
  }
}

/** A struct that may be null: one byte before it says so, -1 or 1. */
export function nullable(codec: Codec): Codec {
  return {
    encode(writer, value) {
      if (value === null) return writer.int8(-1)
      writer.int8(1)
      codec.encode(writer, value)
    },
    decode: (reader) => (reader.int8() < 0 ? null : codec.decode(reader)),
    blank: codec.blank,
    size: 1,
  }
}

function writeNull(writer: Writer, isFlexible: boolean, lengthBytes: 2 | 4): void {
  if (isFlexible) writer.uvarint(0)
  else if (lengthBytes === 2) writer.int16(-1)
  else writer.int32(-1)
}

function writeCount(writer: Writer, isFlexible: boolean, count: number): void {
  if (isFlexible) writer.uvarint(count + 1)
  else writer.int32(count)
}

/** A length or count; negative is null. */
function readLength(reader: Reader, isFlexible: boolean, lengthBytes: 2 | 4, isNullable: boolean, path: string): number {
  const at = reader.position
  const length = isFlexible ? reader.uvarint() - 1 : lengthBytes === 2 ? reader.int16() : reader.int32()
  if (length < 0 && !isNullable) {
    throw new ProtocolError('MALFORMED', `${path} is null, which this version does not allow`, { position: at })
  }
  return length
}
