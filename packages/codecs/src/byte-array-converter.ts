/** Kafka Connect's ByteArrayConverter: bytes as they are; read as optional bytes. */
import { DataError, primitive } from '@sluice/sdk'
import type { Converter, ConverterPlugin, Schema, SchemaAndValue, Value, ValueEncoder } from '@sluice/sdk'
import { javaClass } from './java-class.ts'

/** Bytes, not looked at and not copied. */
export const byteArrayConverter: ConverterPlugin = {
  name: 'bytes',
  aliases: ['org.apache.kafka.connect.converters.ByteArrayConverter', 'ByteArrayConverter'],
  documentation: 'Bytes, not looked at and not copied; read as optional bytes.',
  create: () => new ByteArrayConverter(),
}

const OPTIONAL_BYTES: Schema = primitive('bytes', { optional: true })

class ByteArrayConverter implements Converter {
  encoder(_topic: string, schema: Schema | null): ValueEncoder {
    if (schema === null || schema.type === 'bytes') return asBytes
    const type = schema.type.toUpperCase()
    return () => {
      throw new DataError(`Invalid schema type for ByteArrayConverter: ${type}`, {
        remedy: 'Set a converter that knows the type, such as JsonConverter.',
      })
    }
  }

  decode(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
    return { schema: OPTIONAL_BYTES, value: bytes }
  }
}

function asBytes(value: Value): Uint8Array | null {
  if (value === null || value === undefined || value instanceof Uint8Array) return value ?? null
  throw new DataError(`ByteArrayConverter is not compatible with objects of type class ${javaClass(value)}`)
}
