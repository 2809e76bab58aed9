/** JSON trees to values of a schema: one small function per schema, put together once. */
import { DataError, ValueError } from '@sluice/sdk'
import type { MapSchema, Schema, StructSchema, Value } from '@sluice/sdk'
import { arrayReader, objectMapReader, structReader } from './container-reading.ts'
import { nodeType } from './json-node.ts'
import type { JsonNode } from './json-node.ts'
import type { JsonSettings } from './json-settings.ts'
import { compileReadScalar } from './scalar-reading.ts'
import { readSchemaless } from './schemaless-reading.ts'
import { strictly } from './strict-reading.ts'

/**
 * Reads a node; undefined is one that is missing. The tree is the reader's: it may become the value.
 * Like Connect, it is lenient unless the settings say otherwise: a text read as a number is 0; members that the schema does not know are left out.
 * @throws DataError for a node that does not fit the schema
 * @throws INEXACT when the node comes from `JSON.parse` and digits were lost that the schema asks for
 */
export type ReadJson = (node: JsonNode | undefined) => Value

/** The reader of a schema. */
export function compileReadJson(schema: Schema | null, settings: JsonSettings): ReadJson {
  if (schema === null) return (node) => readSchemaless(node, 0, settings.integerOverflow)
  const read = compileNonNull(schema, settings)
  const fallback = settings.replaceNullWithDefault ? (schema.default ?? null) : null
  if (fallback === null && !schema.optional)
    return (node) => {
      if (node === null || node === undefined)
        throw new DataError(`Invalid null value for required ${schema.type.toUpperCase()} field`)
      return read(node)
    }
  return (node) => (node === null || node === undefined ? fallback : read(node))
}

function compileNonNull(schema: Schema, settings: JsonSettings): (node: JsonNode) => Value {
  if (schema.type === 'array') return arrayReader(compileReadJson(schema.items, settings))
  if (schema.type === 'map') return compileMap(schema, settings)
  if (schema.type === 'struct') return compileStruct(schema, settings)
  const read = compileReadScalar(schema, settings.integerOverflow)
  return settings.typeMismatch === 'fail' ? strictly(schema, read) : read
}

function compileMap(schema: MapSchema, settings: JsonSettings): (node: JsonNode) => Value {
  const key = compileReadJson(schema.keys, settings)
  const item = compileReadJson(schema.values, settings)
  if (schema.keys.type === 'string') return objectMapReader(item)
  return (node) => {
    if (!Array.isArray(node))
      throw new DataError(
        `Maps with non-string fields should be encoded as JSON array of tuples, but found ${nodeType(node)}`,
      )
    const values = new Map<Value, Value>()
    for (const entry of node) {
      if (!Array.isArray(entry))
        throw new DataError(`Found invalid map entry instead of array tuple: ${nodeType(entry)}`)
      if (entry.length !== 2)
        throw new DataError(`Found invalid map entry, expected length 2 but found :${entry.length}`)
      values.set(key(entry[0]), item(entry[1]))
    }
    return values
  }
}

function compileStruct(schema: StructSchema, settings: JsonSettings): (node: JsonNode) => Value {
  const reads = schema.fields.map(({ schema: field }, at): ReadJson => {
    const read = compileReadJson(field, settings)
    if (field.optional) return read
    return (node) => read(node) ?? rejectNull(schema, at)
  })
  return structReader(schema, reads)
}

function rejectNull(schema: StructSchema, at: number): never {
  const { name, schema: field } = schema.fields[at]!
  throw new ValueError(
    `Invalid value: null used for required field: "${name}", schema type: ${field.type.toUpperCase()}`,
  )
}
