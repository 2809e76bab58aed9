/** Defaults in Avro's JSON, and as Connect's values. */
import { DataError, LOGICAL, SchemaError, decimalScale } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { bigIntBytes, bigIntOf, decimalText, readDecimal } from '../decimal.ts'

/** @throws SchemaError for a default that is none of its schema */
export function defaultToJson(schema: Schema, value: Value | undefined): unknown {
  if (value === null || value === undefined) return null
  if (schema.name === LOGICAL.decimal && typeof value === 'string')
    return latin1(bigIntBytes(readDecimal(value, decimalScale(schema)).unscaled))
  if (value instanceof Uint8Array) return latin1(value)
  // JSON has no other form for what is beyond 2^53; half of the readers would round it.
  if (typeof value === 'bigint') throw new SchemaError(`The default ${value} is too big for the JSON of an Avro schema`)
  if (schema.type === 'array') return (value as readonly Value[]).map((item) => defaultToJson(schema.items, item))
  if (schema.type === 'map') {
    const entries = [...(value as ReadonlyMap<Value, Value>)]
    if (schema.keys.type === 'string' && !schema.keys.optional)
      return Object.fromEntries(entries.map(([key, item]) => [key, defaultToJson(schema.values, item)]))
    return entries.map(([key, item]) => [defaultToJson(schema.keys, key), defaultToJson(schema.values, item)])
  }
  if (schema.type === 'struct') {
    const given = value as Readonly<Record<string, Value>>
    return Object.fromEntries(
      schema.fields.map(({ name, schema: field }) => [
        name,
        defaultToJson(field, (Object.hasOwn(given, name) ? given[name] : null) ?? field.default ?? null),
      ]),
    )
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new SchemaError(`The default ${value} has no form in the JSON of an Avro schema`)
  return value
}

/** Undefined for null, which is no default. @throws DataError */
export function defaultFromJson(schema: Schema, json: unknown): Value | undefined {
  if (json === null || json === undefined) return undefined
  return valueOf(schema, json)
}

function valueOf(schema: Schema, json: unknown): Value {
  if (json === null || json === undefined) return null
  switch (schema.type) {
    case 'bytes': {
      if (typeof json !== 'string') throw wrong(schema, json)
      const bytes = Buffer.from(json, 'latin1')
      if (schema.name !== LOGICAL.decimal) return bytes
      return decimalText({ unscaled: bigIntOf(bytes), scale: decimalScale(schema) })
    }
    case 'string':
      if (typeof json !== 'string') throw wrong(schema, json)
      return json
    case 'boolean':
      if (typeof json !== 'boolean') throw wrong(schema, json)
      return json
    case 'array':
      if (!Array.isArray(json)) throw wrong(schema, json)
      return json.map((item: unknown) => valueOf(schema.items, item))
    case 'map':
      return mapOf(schema.keys, schema.values, json, schema)
    case 'struct': {
      if (typeof json !== 'object' || Array.isArray(json)) throw wrong(schema, json)
      const given = json as Readonly<Record<string, unknown>>
      return Object.fromEntries(
        schema.fields.map(({ name, schema: field }) => [
          name,
          Object.hasOwn(given, name) ? valueOf(field, given[name]) : (field.default ?? null),
        ]),
      )
    }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'float32':
    case 'float64':
      if (typeof json !== 'number' || (schema.type.startsWith('int') && !Number.isInteger(json)))
        throw wrong(schema, json)
      break
  }
  return json
}

function mapOf(keys: Schema, values: Schema, json: unknown, schema: Schema): Value {
  if (Array.isArray(json))
    return new Map(
      json.map((entry) => pairOf(entry, schema)).map(([key, item]) => [valueOf(keys, key), valueOf(values, item)]),
    )
  if (typeof json !== 'object') throw wrong(schema, json)
  return new Map(Object.entries(json as object).map(([key, item]) => [key, valueOf(values, item)]))
}

/** As Confluent's converter writes them, and as Avro has it. */
function pairOf(entry: unknown, schema: Schema): readonly [unknown, unknown] {
  if (Array.isArray(entry)) return [entry[0], entry[1]]
  if (typeof entry !== 'object' || entry === null) throw wrong(schema, entry)
  const { key, value } = entry as { readonly key?: unknown; readonly value?: unknown }
  return [key, value]
}

function wrong(schema: Schema, json: unknown): DataError {
  return new DataError(`The default ${JSON.stringify(json)} of an Avro schema is no ${schema.type}`, {
    code: 'SCHEMA_INVALID',
  })
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
