/** Connect schemas in the JSON of JsonConverter's envelope, written. */
import type { Schema, SchemaType } from '@sluice/sdk'
import type { JsonWriter } from './json-writer.ts'

/** The words of the JSON form, by our type. */
export const JSON_TYPE_NAMES: Readonly<Record<SchemaType, string>> = {
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  float32: 'float',
  float64: 'double',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
  array: 'array',
  map: 'map',
  struct: 'struct',
}

/** How a default is written: as a value of the schema, with the converter's settings. */
export type WriteDefault = (out: JsonWriter, schema: Schema) => void

/** Writes a schema with its members in Connect's order. `field` is the name of the struct field it belongs to. */
export function writeSchema(out: JsonWriter, schema: Schema, writeDefault: WriteDefault, field?: string): void {
  const nested = (name: string, inner: Schema): void => {
    out.ascii(`,"${name}":`)
    writeSchema(out, inner, writeDefault)
  }
  const text = (name: string, value: string | undefined): void => {
    if (value === undefined) return
    out.ascii(`,"${name}":`)
    out.string(value)
  }
  out.ascii(`{"type":"${JSON_TYPE_NAMES[schema.type]}"`)
  if (schema.type === 'array') nested('items', schema.items)
  if (schema.type === 'map') {
    nested('keys', schema.keys)
    nested('values', schema.values)
  }
  if (schema.type === 'struct') {
    out.ascii(',"fields":[')
    schema.fields.forEach((each, index) => {
      if (index > 0) out.ascii(',')
      writeSchema(out, each.schema, writeDefault, each.name)
    })
    out.ascii(']')
  }
  out.ascii(`,"optional":${schema.optional}`)
  text('name', schema.name)
  if (schema.version !== undefined) out.ascii(`,"version":${schema.version}`)
  text('doc', schema.doc)
  if (schema.parameters !== undefined) {
    out.ascii(',"parameters":{')
    Object.entries(schema.parameters).forEach(([name, value], index) => {
      if (index > 0) out.ascii(',')
      out.string(name)
      out.ascii(':')
      out.string(value)
    })
    out.ascii('}')
  }
  if (schema.default !== undefined && schema.default !== null) {
    out.ascii(',"default":')
    writeDefault(out, schema)
  }
  text('field', field)
  out.ascii('}')
}
