/** Kafka Connect's StringConverter: the text of a value, whatever it is; read as an optional string. */
import { defineSettings, primitive, SluiceError } from '@sluice/sdk'
import type { Converter, ConverterPlugin, RawSettings, Schema, SchemaAndValue, ValueEncoder } from '@sluice/sdk'
import { charsetOf } from './charset.ts'
import type { Charset } from './charset.ts'
import { javaText } from './java-text.ts'
import { assertHoldable } from './utf8-text.ts'

const settings = defineSettings({
  'converter.encoding': {
    type: 'string',
    default: 'UTF8',
    importance: 'high',
    documentation:
      'The Java name of the character set: UTF-8, ISO-8859-1, US-ASCII, UTF-16, UTF-16BE or UTF-16LE. ' +
      'key.serializer.encoding, value.deserializer.encoding and so on, if given, hold for their side and direction.',
  },
})

/** Text. */
export const stringConverter: ConverterPlugin = {
  name: 'string',
  aliases: ['org.apache.kafka.connect.storage.StringConverter', 'StringConverter'],
  documentation: 'The text of any value; read as an optional string.',
  settings,
  create(raw, side) {
    const { 'converter.encoding': fallback } = settings.parse(raw)
    return new StringConverter(
      charset(raw, `${side}.serializer.encoding`, fallback),
      charset(raw, `${side}.deserializer.encoding`, fallback),
    )
  },
}

function charset(raw: RawSettings, name: string, fallback: string): Charset {
  const encoding = raw[name] ?? fallback
  const found = charsetOf(encoding)
  if (found === undefined)
    throw new SluiceError('SETTINGS_INVALID', `Unsupported encoding ${encoding}`, {
      remedy: 'Set converter.encoding to UTF-8, ISO-8859-1, US-ASCII, UTF-16, UTF-16BE or UTF-16LE.',
    })
  return found
}

const OPTIONAL_STRING: Schema = primitive('string', { optional: true })
const NULL: SchemaAndValue = Object.freeze({ schema: OPTIONAL_STRING, value: null })

class StringConverter implements Converter {
  /** Up to the half gigabyte that a text can hold, which no record is. */
  readonly takesAll = true
  readonly #write: Charset
  readonly #read: Charset

  constructor(write: Charset, read: Charset) {
    this.#write = write
    this.#read = read
  }

  encoder(_topic: string, schema: Schema | null): ValueEncoder {
    const charset = this.#write
    const isPlainString = schema === null || (schema.type === 'string' && schema.name === undefined)
    return (value) => {
      if (value === null || value === undefined) return null
      return charset.encode(isPlainString && typeof value === 'string' ? value : javaText(schema, value))
    }
  }

  decode(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return NULL
    assertHoldable(bytes.length)
    return { schema: OPTIONAL_STRING, value: this.#read.decode(bytes) }
  }
}
