/** Connect's types without parts, written as Avro's. */
import type { AvroEnum, AvroFixed, AvroPrimitive, AvroSchema } from '@sluice/schema-registry'
import { DataError, LOGICAL, decimalScale } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { bigIntBytes, mismatch, readDecimal, rescale } from '../decimal.ts'
import { invalid } from '../value-checks.ts'
import type { AvroOutput } from './avro-output.ts'

/** @throws DataError for a value that does not fit */
export type WriteAvro = (out: AvroOutput, value: Value) => void

/** Undefined when no value of the one can be written as the other. */
export function scalarWriter(avro: AvroSchema, schema: Schema): WriteAvro | undefined {
  switch (avro.type) {
    case 'boolean':
      return schema.type === 'boolean' ? booleanWriter(schema) : undefined
    case 'int':
      return RANGES[schema.type] === undefined ? undefined : intWriter(schema, RANGES[schema.type]!)
    case 'long':
      if (RANGES[schema.type] !== undefined) return intWriter(schema, RANGES[schema.type]!)
      return schema.type === 'int64' ? longWriter(schema) : undefined
    case 'float':
    case 'double':
      return floatingWriter(schema, avro.type === 'float')
    case 'string':
      return schema.type === 'string' ? stringWriter(schema) : undefined
    case 'enum':
      return schema.type === 'string' ? enumWriter(avro, schema) : undefined
    case 'bytes':
    case 'fixed':
      if (schema.type !== 'bytes') return undefined
      return schema.name === LOGICAL.decimal ? decimalWriter(avro, schema) : bytesWriter(avro, schema)
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

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
}
const DAY_MS = 86_400_000

function booleanWriter(schema: Schema): WriteAvro {
  return (out, value) => {
    if (typeof value !== 'boolean') throw invalid(schema, value)
    out.byte(value ? 1 : 0)
  }
}

function intWriter(schema: Schema, [lowest, highest]: readonly [number, number]): WriteAvro {
  const isTime = schema.name === LOGICAL.time
  const [least, most] = isTime ? [0, DAY_MS - 1] : [lowest, highest]
  return (out, value) => {
    if (typeof value !== 'number' || value < least || value > most || !Number.isInteger(value))
      throw invalid(schema, value)
    out.int(value)
  }
}

function longWriter(schema: Schema): WriteAvro {
  const takesBig = schema.name !== LOGICAL.timestamp
  return (out, value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) out.int(value)
    else if (takesBig && typeof value === 'bigint' && BigInt.asIntN(64, value) === value) out.long(value)
    else throw invalid(schema, value)
  }
}

function floatingWriter(schema: Schema, isFloat: boolean): WriteAvro | undefined {
  if (schema.type !== 'float32' && (schema.type !== 'float64' || isFloat)) return undefined
  return (out, value) => {
    if (typeof value !== 'number') throw invalid(schema, value)
    if (isFloat) out.float(value)
    else out.double(value)
  }
}

function stringWriter(schema: Schema): WriteAvro {
  return (out, value) => {
    if (typeof value !== 'string') throw invalid(schema, value)
    out.string(value)
  }
}

function enumWriter(avro: AvroEnum, schema: Schema): WriteAvro {
  const indexes = new Map<Value, number>(avro.symbols.map((symbol, i) => [symbol, i]))
  return (out, value) => {
    if (typeof value !== 'string') throw invalid(schema, value)
    const index = indexes.get(value)
    if (index === undefined) throw new DataError(`The Avro enum ${avro.fullName} has no such symbol`)
    out.int(index)
  }
}

function bytesWriter(avro: AvroPrimitive | AvroFixed, schema: Schema): WriteAvro {
  const size = avro.type === 'fixed' ? avro.size : undefined
  return (out, value) => {
    if (!(value instanceof Uint8Array)) throw invalid(schema, value)
    if (size === undefined) out.bytes(value)
    else if (value.length === size) out.raw(value)
    else throw new DataError(`The value has ${value.length} bytes, its Avro fixed ${size}`)
  }
}

function decimalWriter(avro: AvroPrimitive | AvroFixed, schema: Schema): WriteAvro {
  const scale = decimalScale(schema)
  const { props } = avro
  const target =
    props['logicalType'] === 'decimal' && Number.isInteger(props['scale']) ? (props['scale'] as number) : scale
  const size = avro.type === 'fixed' ? avro.size : undefined
  return (out, value) => {
    if (typeof value !== 'string') throw invalid(schema, value)
    const decimal = readDecimal(value, scale)
    if (decimal.scale !== scale) throw mismatch(decimal.scale, scale)
    const bytes = bigIntBytes(target === scale ? decimal.unscaled : rescale(decimal, target).unscaled)
    if (size === undefined) return out.bytes(bytes)
    if (bytes.length > size) throw new DataError(`The decimal needs ${bytes.length} bytes, its Avro fixed has ${size}`)
    const sign = decimal.unscaled < 0n ? 0xff : 0
    for (let i = bytes.length; i < size; i++) out.byte(sign)
    out.raw(bytes)
  }
}
