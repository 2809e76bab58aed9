/**
 * Confluent's wire format: a magic byte 0, the schema id as a big-endian int32, for Protobuf the path to the message within its
 * file, and the payload. Source: Confluent's documentation, "Wire format".
 */
import { DataError } from '@sluice/sdk'

export const MAGIC_BYTE = 0
/** Magic byte and schema id. */
export const PREFIX_BYTES = 5
/** A message lies in as many messages at most. Deeper ones are damaged bytes: protoc refuses them. */
const INDEXES_MAX = 64

/**
 * The id of the schema that the payload behind the prefix was written with.
 * @throws DataError for bytes that do not begin with the prefix
 */
export function schemaIdOf(bytes: Uint8Array): number {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== MAGIC_BYTE) throw noPrefix(bytes)
  return ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0
}

/** The prefix of payloads of this schema, to be copied before each. */
export function schemaPrefix(id: number): Uint8Array {
  const prefix = new Uint8Array(PREFIX_BYTES)
  prefix[1] = id >>> 24
  prefix[2] = id >>> 16
  prefix[3] = id >>> 8
  prefix[4] = id
  return prefix
}

/** Which message of a .proto file: the index of the outermost message, then of the one within it, and so on. */
export interface MessageIndexes {
  readonly indexes: readonly number[]
  /** Where the payload begins. */
  readonly end: number
}

const FIRST_MESSAGE: readonly number[] = [0]

/**
 * Reads Protobuf's message indexes, which stand behind the prefix.
 * @throws DataError for bytes that end within them, or that are none
 */
export function readMessageIndexes(bytes: Uint8Array, start: number = PREFIX_BYTES): MessageIndexes {
  // Nearly every file has one message that matters: the first.
  if (bytes[start] === 0) return { indexes: FIRST_MESSAGE, end: start + 1 }
  let at = start
  const next = (): number => {
    let raw = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw badIndexes('end before they are complete')
      raw += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
    }
    throw badIndexes('hold a number of more than 32 bits')
  }
  const count = next()
  if (count < 0 || count > INDEXES_MAX) throw badIndexes(`claim ${count} levels of messages`)
  const indexes: number[] = []
  for (let i = 0; i < count; i++) {
    const index = next()
    if (index < 0) throw badIndexes(`hold the index ${index}`)
    indexes.push(index)
  }
  return { indexes: count === 0 ? FIRST_MESSAGE : indexes, end: at }
}

/** The first message of a file is a single 0; any other path is its length and its indexes, as zigzag varints. */
export function messageIndexBytes(indexes: readonly number[]): Uint8Array {
  if (indexes.length === 1 && indexes[0] === 0) return new Uint8Array(1)
  const bytes: number[] = []
  for (const number of [indexes.length, ...indexes]) {
    let zigzag = number * 2
    while (zigzag > 0x7f) {
      bytes.push((zigzag % 0x80) | 0x80)
      zigzag = Math.floor(zigzag / 0x80)
    }
    bytes.push(zigzag)
  }
  return Uint8Array.from(bytes)
}

function noPrefix(bytes: Uint8Array): DataError {
  const what =
    bytes.length < PREFIX_BYTES
      ? `${bytes.length} bytes are too few for the prefix of a schema registry`
      : `Unknown magic byte ${bytes[0]}: these bytes were not written with a schema registry`
  return new DataError(what, {
    remedy: 'Use the converter that these records were written with, or divert them with errors.tolerance=all.',
  })
}

function badIndexes(how: string): DataError {
  return new DataError(`The Protobuf message indexes behind the schema id ${how}`, {
    remedy:
      'Write with a serializer that writes message indexes; the Protobuf of @kafkajs/confluent-schema-registry has none.',
  })
}
