/** Kafka Connect's SimpleHeaderConverter, the default for headers: free text, whose type is guessed when it is read. */
import type { Converter, ConverterPlugin, SchemaAndValue, ValueEncoder } from '@sluice/sdk'
import { parseValue, valueText } from '@sluice/sdk/values'
import { charsetOf } from './charset.ts'
import { assertHoldable } from './utf8-text.ts'

/** Text, read as what it looks like. */
export const simpleHeaderConverter: ConverterPlugin = {
  name: 'simple-header',
  aliases: ['org.apache.kafka.connect.storage.SimpleHeaderConverter', 'SimpleHeaderConverter'],
  documentation:
    'Of headers only: the text of any value, read as what it looks like: a number, a date, a list, and else a string.',
  sides: ['header'],
  create() {
    const utf8 = charsetOf('UTF-8')!
    const converter: Converter = {
      encoder:
        (_topic, schema): ValueEncoder =>
        (value) =>
          value === null || value === undefined ? null : utf8.encode(valueText(schema, value)),
      decode(_topic, bytes): SchemaAndValue {
        if (bytes === null) return NOTHING
        assertHoldable(bytes.length)
        return parseValue(utf8.decode(bytes))
      },
    }
    return converter
  },
}

const NOTHING: SchemaAndValue = Object.freeze({ schema: null, value: null })
