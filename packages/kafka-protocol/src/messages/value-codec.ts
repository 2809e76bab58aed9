import { ProtocolError } from '../protocol-error.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** How one type of one version travels. Encoders check what they are given: a bad value never becomes bad bytes. */
export interface Codec {
  readonly encode: (writer: Writer, value: unknown) => void
  readonly decode: (reader: Reader) => unknown
  /** A fresh default: 0, '', false, no elements, a struct of defaults. */
  readonly blank: () => unknown
  /** The fewest bytes that a value takes: bounds what a count can announce. */
  readonly size: number
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
      const position = reader.position
      const count = readLength(reader, isFlexible, 4, isNullable, path)
      if (count < 0) return null
      const left = reader.remaining
      if (count * element.size > left) {
        throw new ProtocolError('MALFORMED', `${path} announces ${count} elements, ${left} bytes are left`, {
          position,
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

/** Writes that there is no value, where a length of this many bytes would stand. */
export function writeNull(writer: Writer, isFlexible: boolean, lengthBytes: 2 | 4): void {
  if (isFlexible) writer.uvarint(0)
  else if (lengthBytes === 2) writer.int16(-1)
  else writer.int32(-1)
}

/** Writes a count, or a length of bytes. */
export function writeCount(writer: Writer, isFlexible: boolean, count: number): void {
  if (isFlexible) writer.uvarint(count + 1)
  else writer.int32(count)
}

/** Reads a length or a count; negative is null, and refused where null is. */
export function readLength(
  reader: Reader,
  isFlexible: boolean,
  lengthBytes: 2 | 4,
  isNullable: boolean,
  path: string,
): number {
  const position = reader.position
  const length = isFlexible ? reader.uvarint() - 1 : lengthBytes === 2 ? reader.int16() : reader.int32()
  if (length < 0 && !isNullable) {
    throw new ProtocolError('MALFORMED', `${path} is null, which this version does not allow`, { position })
  }
  return length
}

/** A value of the wrong kind for its field. */
export function invalid(path: string, wanted: string, value: unknown): ProtocolError {
  const shown = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? ` ${value}` : ''
  const got = value === null ? 'null' : `${typeof value === 'object' ? 'an' : 'the'} ${typeof value}${shown}`
  return new ProtocolError('INVALID_MESSAGE', `${path} must be ${wanted}, not ${got}`)
}
