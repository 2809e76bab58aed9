/** Avro's types without parts, read as Connect's, with the promotions that Avro allows. */
import { DataError, LOGICAL, decimalScale } from '@sluice/sdk'
import type { AvroEnum, AvroSchema } from '@sluice/schema-registry'
import type { Schema, Value } from '@sluice/sdk'
import { bigIntOf, decimalText } from '../decimal.ts'
import { utf8Text } from '../utf8-text.ts'
import type { AvroInput } from './avro-input.ts'

export const NOT_READABLE = 'cannot be read as'

type Read = (input: AvroInput) => Value

/** Undefined when nothing written with the one can be read with the other. */
export function readsOf(writer: AvroSchema, reader: AvroSchema, schema: Schema): Read | undefined {
  switch (reader.type) {
    case 'boolean':
      return writer.type === 'boolean' ? (input) => input.boolean() : undefined
    case 'int':
      return writer.type === 'int' ? readInt(schema) : undefined
    case 'long':
      return writer.type === 'int' ? (input) => input.int() : writer.type === 'long' ? readLong(schema) : undefined
    case 'float':
    case 'double':
      return readFloating(writer, reader.type === 'float')
    case 'string':
      if (writer.type === 'string') return (input) => input.string()
      return writer.type === 'bytes' ? readText : undefined
    case 'bytes':
      if (writer.type === 'bytes') return ofBytes(schema, (input) => input.bytes())
      return writer.type === 'string' ? ofBytes(schema, (input) => input.bytes()) : undefined
    case 'fixed': {
      if (writer.type !== 'fixed' || writer.size !== reader.size || writer.name !== reader.name) return undefined
      const { size } = reader
      return ofBytes(schema, (input) => input.fixed(size))
    }
    case 'enum':
      return writer.type === 'enum' && writer.name === reader.name ? readEnum(writer, reader) : undefined
    case 'null':
    case 'array':
    case 'map':
    case 'record':
    case 'error':
    case 'union':
      break
  }
  return undefined
}

function readInt(schema: Schema): Read {
  if (schema.name === LOGICAL.time && schema.type === 'int32')
    return (input) => within(input.int(), 0, 86_399_999, 'time of day')
  if (schema.type === 'int8') return (input) => within(input.int(), -128, 127, 'int8')
  if (schema.type === 'int16') return (input) => within(input.int(), -32_768, 32_767, 'int16')
  return (input) => input.int()
}

/** Java would cut the upper bits off, and go on with another number. */
function within(value: number, least: number, most: number, what: string): number {
  if (value >= least && value <= most) return value
  throw new DataError(`${value} is no ${what}`, { remedy: 'Write values within the type that the schema says.' })
}

function readLong(schema: Schema): Read {
  if (schema.name !== LOGICAL.timestamp) return (input) => input.long()
  return (input) => {
    const value = input.long()
    if (typeof value === 'number') return value
    throw new DataError(`${value} is no timestamp in milliseconds`)
  }
}

function readFloating(writer: AvroSchema, isFloat: boolean): Read | undefined {
  if (writer.type === 'double') return isFloat ? undefined : (input) => input.double()
  if (writer.type === 'float') return (input) => input.float()
  if (writer.type === 'int') return isFloat ? (input) => Math.fround(input.int()) : (input) => input.int()
  if (writer.type !== 'long') return undefined
  return isFloat ? (input) => Math.fround(Number(input.long())) : (input) => Number(input.long())
}

function readText(input: AvroInput): Value {
  const text = utf8Text(input.bytes())
  if (text !== undefined) return text
  throw new DataError('The Avro bytes to be read as a string are not UTF-8')
}

function ofBytes(schema: Schema, read: (input: AvroInput) => Uint8Array): Read {
  if (schema.name !== LOGICAL.decimal) return read
  const scale = decimalScale(schema)
  return (input) => decimalText({ unscaled: bigIntOf(read(input)), scale })
}

function readEnum(writer: AvroEnum, reader: AvroEnum): Read {
  const symbols = writer.symbols.map((symbol) => (reader.symbols.includes(symbol) ? symbol : reader.default))
  return (input) => {
    const index = input.int()
    const symbol = symbols[index]
    if (symbol !== undefined) return symbol
    const written = writer.symbols[index]
    throw new DataError(
      written === undefined
        ? `The Avro enum ${writer.fullName} has no symbol of index ${index}`
        : `The symbol ${written} is not in the Avro enum ${reader.fullName}, which has no default`,
    )
  }
}
