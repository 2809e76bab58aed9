/** Kafka Connect's BooleanConverter: one byte, 0 or 1; read as an optional boolean. */
import { DataError, primitive } from '@sluice/sdk'
import type { Converter, ConverterPlugin, Schema, SchemaAndValue, Value, ValueEncoder } from '@sluice/sdk'
import { javaClass } from './java-class.ts'

/** true or false. */
export const booleanConverter: ConverterPlugin = {
  name: 'boolean',
  aliases: ['org.apache.kafka.connect.converters.BooleanConverter', 'BooleanConverter'],
  documentation: 'One byte, 0 or 1; read as an optional boolean.',
  create: () => new BooleanConverter(),
}

const OPTIONAL_BOOLEAN: Schema = primitive('boolean', { optional: true })

class BooleanConverter implements Converter {
  encoder(_topic: string, schema: Schema | null): ValueEncoder {
    if (schema === null || schema.type === 'boolean') return encode
    const type = schema.type.toUpperCase()
    return () => {
      throw new DataError(`Invalid schema type for BooleanConverter: ${type}`)
    }
  }

  decode(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return { schema: OPTIONAL_BOOLEAN, value: null }
    if (bytes.length !== 1) throw unreadable('Size of data received by BooleanDeserializer is not 1')
    if (bytes[0]! > 1) throw unreadable(`Unexpected byte received by BooleanDeserializer: ${bytes[0]}`)
    return { schema: OPTIONAL_BOOLEAN, value: bytes[0] === 1 }
  }
}

function unreadable(why: string): DataError {
  return new DataError('Failed to deserialize boolean: ', { cause: new DataError(why) })
}

function encode(value: Value): Uint8Array | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0)
  throw new DataError(`BooleanConverter is not compatible with objects of type class ${javaClass(value)}`)
}
