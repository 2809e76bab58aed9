import {
  byteArrayConverter,
  doubleConverter,
  integerConverter,
  jsonConverter,
  longConverter,
  stringConverter,
} from '@sluice/codecs'
import { DataError, withOptional, type Converter, type Schema } from '@sluice/sdk'
import { serde, type Serde, type Side } from './serde.ts'

/** The bytes as they are: what a side has for which no serde is given. */
export const bytesSerde: Serde<Uint8Array> = serde(bytesOnly(byteArrayConverter.create({}, 'value')))

const stringSerde: Serde<string> = serde(stringConverter.create({}, 'value'))

/** The serdes at hand; `serde` makes one of any converter. */
export const Serdes = {
  /** The bytes as they are. */
  bytes: bytesSerde,
  /** UTF-8 text. */
  string: stringSerde,
  /**
   * A whole number in 64 bits, big-endian. Fractions are refused: they are of `double`. What is beyond 2^53 is read as a bigint, whatever
   * the type says, so that it is written as it was; written from a number it is not exact.
   */
  long: serde<number>(wholeOnly(longConverter.create({}, 'value'), 64), null),
  /** A whole number in 32 bits, big-endian. */
  integer: serde<number>(wholeOnly(integerConverter.create({}, 'value'), 32), null),
  /** IEEE 754, 64 bits. */
  double: serde<number>(doubleConverter.create({}, 'value'), null),
  /**
   * JSON without an envelope, decimals as numbers. With a schema, values are written and read as values of it, each one checked: what is of
   * another type, or beyond it, is a DataError that names the field; fields that the schema does not know are left out. Without one, values
   * are what JSON has.
   */
  json<T>(schema: Schema | null = null): Serde<T> {
    return serde(schema === null ? bareJson : jsonOf(schema), schema)
  },
}

/** Says what is missing where something else than bytes is to be written: most likely nobody said how. */
function bytesOnly(converter: Converter): Converter {
  return {
    encoder(topic, schema) {
      const encode = converter.encoder(topic, schema)
      return (value) => {
        if (value === null || ArrayBuffer.isView(value)) return encode(value)
        throw new DataError(`A ${typeof value} was to be written to ${topic} as bytes`, {
          place: { topic },
          remedy: 'Give a serde where it is written: to(), a sink, a store or a grouping.',
        })
      }
    },
    decode: (topic, bytes, headers) => converter.decode(topic, bytes, headers),
    takesAll: true,
  }
}

/**
 * Writes whole numbers only. Java's types see to that; here a fraction, what is no number, and what has no room would become another
 * number without a word, in a topic and in the store that is restored from it.
 */
function wholeOnly(converter: Converter, bits: 32 | 64): Converter {
  const limit = 2 ** (bits - 1)
  return {
    encoder(topic, schema) {
      const encode = converter.encoder(topic, schema)
      return (value) => {
        if (typeof value === 'number' && !(Number.isInteger(value) && value >= -limit && value < limit)) {
          throw new DataError(`${value} is no whole number of ${bits} bits`, {
            remedy: 'Write it with Serdes.double, or round it before.',
          })
        }
        return encode(value)
      }
    },
    decode: (topic, bytes, headers) => converter.decode(topic, bytes, headers),
  }
}

const WITHOUT_ENVELOPE = { 'schemas.enable': 'false', 'decimal.format': 'NUMERIC' }

const CHECKED = { 'type.mismatch': 'fail', 'integer.overflow': 'fail' }

const bareJson: Converter = jsonConverter.create(WITHOUT_ENVELOPE, 'value')

function jsonOf(schema: Schema): Converter {
  const reader = jsonConverter.create({ ...CHECKED, 'schema.content': schemaContentOf(schema) }, 'value')
  return {
    encoder: (topic, schema) => bareJson.encoder(topic, schema),
    decode: (topic, bytes, headers) => reader.decode(topic, bytes, headers),
  }
}

/**
 * A schema as text for `schema.content` of a JsonConverter (KIP-1054): what a sink needs to read a topic written with
 * `Serdes.json(schema)`. Optional at the top, since a topic may hold tombstones.
 */
export function schemaContentOf(schema: Schema): string {
  const envelope = jsonConverter.create({}, 'value').encoder('', withOptional(schema, true))(null)
  const { schema: content } = JSON.parse(new TextDecoder().decode(envelope ?? undefined)) as {
    readonly schema: unknown
  }
  return JSON.stringify(content)
}

const FORMATS: ReadonlyMap<Converter, string> = new Map([
  [Serdes.bytes.converter, 'bytes'],
  [Serdes.string.converter, 'string'],
  [Serdes.long.converter, 'long'],
  [Serdes.integer.converter, 'integer'],
  [Serdes.double.converter, 'double'],
  [bareJson, 'json'],
])

/** What a side writes, for comparison with what another version of an application wrote. Null: a converter of which nothing is known. */
export function formatOf({ converter, schema }: Side): string | null {
  if (schema !== null) return `schema ${schemaContentOf(schema)}`
  return FORMATS.get(converter) ?? null
}
