import { isInt64 } from '../wire/int64.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { type Codec, invalid, readLength, writeCount, writeNull } from './value-codec.ts'

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
const EMPTY = new Uint8Array(0)

interface IntegerType {
  readonly least: number
  readonly most: number
  readonly size: number
  readonly write: (writer: Writer, value: number) => void
  readonly read: (reader: Reader) => number
}

const INTEGERS: Readonly<Record<string, IntegerType>> = {
  int8: { least: -128, most: 127, size: 1, write: (w, v) => w.int8(v), read: (r) => r.int8() },
  int16: { least: -32768, most: 32767, size: 2, write: (w, v) => w.int16(v), read: (r) => r.int16() },
  uint16: { least: 0, most: 65535, size: 2, write: (w, v) => w.int16(v), read: (r) => r.uint16() },
  int32: { least: -2147483648, most: 2147483647, size: 4, write: (w, v) => w.int32(v), read: (r) => r.int32() },
  uint32: { least: 0, most: 4294967295, size: 4, write: (w, v) => w.uint32(v), read: (r) => r.uint32() },
}

/** The codec of a type word. Strings, bytes and records may be null; nothing else can. */
export function scalarCodec(type: string, isFlexible: boolean, isNullable: boolean, path: string): Codec {
  const integer = INTEGERS[type]
  if (integer !== undefined) return integerCodec(integer, path)
  switch (type) {
    case 'boolean':
      return booleanCodec(path)
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

function integerCodec({ least, most, size, write, read }: IntegerType, path: string): Codec {
  return {
    encode(writer, value) {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
        throw invalid(path, `an integer from ${least} to ${most}`, value)
      }
      write(writer, value)
    },
    decode: read,
    blank: () => 0,
    size,
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
  function writeLength(writer: Writer, byteCount: number): void {
    if (isFlexible) return writer.uvarint(byteCount + 1)
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
      if (value === null && isNullable) return writeNull(writer, isFlexible, 4)
      const parts: readonly unknown[] = Array.isArray(value) ? value : [value]
      let length = 0
      for (const part of parts) {
        if (!(part instanceof Uint8Array)) throw invalid(path, 'record batches as Uint8Array', part)
        length += part.length
      }
      writeCount(writer, isFlexible, length)
      for (const part of parts) writer.splice(part as Uint8Array)
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
