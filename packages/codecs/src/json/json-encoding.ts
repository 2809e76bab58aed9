/** Values of a schema to JSON text: one small function per schema, put together once. */
import { DataError } from '@sluice/sdk'
import type { MapSchema, Schema, Value } from '@sluice/sdk'
import { under } from '../value-path.ts'
import { arrayWriter, structWriter } from './container-encoding.ts'
import type { JsonSettings } from './json-settings.ts'
import type { JsonWriter } from './json-writer.ts'
import { type WriteNonNull, compileWriteScalar, invalidType } from './scalar-encoding.ts'
import { writeSchemaless } from './schemaless-encoding.ts'

/** Writes a value, null included. @throws DataError for a value that does not fit the schema */
export type WriteJson = (out: JsonWriter, value: Value | undefined) => void

const NULL = Buffer.from('null')
const COMMA = 0x2c
const COLON = 0x3a

/** The writer of a schema. @throws SchemaError for a schema that cannot be written */
export function compileWriteJson(schema: Schema | null, settings: JsonSettings): WriteJson {
  if (schema === null) return (out, value) => writeSchemaless(out, value, 0)
  const write = compileNonNull(schema, settings)
  const writeNull = compileNull(schema, settings, write)
  return (out, value) => {
    if (value === null || value === undefined) writeNull(out)
    else write(out, value)
  }
}

function compileNull(schema: Schema, settings: JsonSettings, write: WriteNonNull): (out: JsonWriter) => void {
  const fallback = settings.replaceNullWithDefault ? (schema.default ?? null) : null
  if (fallback !== null) return (out) => write(out, fallback)
  if (schema.optional) return (out) => out.raw(NULL)
  return () => {
    throw new DataError('Conversion error: null value for field that is required and has no default value', {
      remedy: 'Give the value, or make its schema optional.',
    })
  }
}

function compileNonNull(schema: Schema, settings: JsonSettings): WriteNonNull {
  if (schema.type === 'array') return arrayWriter(compileWriteJson(schema.items, settings))
  if (schema.type === 'map') return compileMap(schema, settings)
  if (schema.type !== 'struct') return compileWriteScalar(schema, settings.decimalFormat)
  return structWriter(
    schema,
    schema.fields.map((field) => compileWriteJson(field.schema, settings)),
  )
}

/** String keys make an object, others a list of pairs. */
function compileMap(schema: MapSchema, settings: JsonSettings): WriteNonNull {
  const key = compileWriteJson(schema.keys, settings)
  const item = compileWriteJson(schema.values, settings)
  const asObject = schema.keys.type === 'string'
  // In an object a null key becomes the text null, as Jackson's `asText` makes of it.
  const nullKey = asObject && schema.keys.optional && (schema.keys.default ?? null) === null ? 'null' : null
  return (out, value) => {
    if (!(value instanceof Map)) invalidType('MAP:', value)
    out.byte(asObject ? 0x7b : 0x5b)
    let at = 0
    try {
      for (const [k, v] of value as ReadonlyMap<Value, Value>) {
        if (at > 0) out.byte(COMMA)
        if (!asObject) out.byte(0x5b)
        key(out, k ?? nullKey)
        out.byte(asObject ? COLON : COMMA)
        item(out, v)
        if (!asObject) out.byte(0x5d)
        at++
      }
    } catch (error) {
      throw under(`[entry ${at}]`, error)
    }
    out.byte(asObject ? 0x7d : 0x5d)
  }
}
