/** JSON to values of a schema as Confluent's converter reads it: one small function per schema, put together once. */
import { DataError } from '@sluice/sdk'
import type { MapSchema, Schema, StructSchema, Value } from '@sluice/sdk'
import { arrayReader, objectMapReader, structReader } from '../json/container-reading.ts'
import { INEXACT } from '../json/inexact.ts'
import { isJsonObject, member, nodeType, setMember } from '../json/json-node.ts'
import type { JsonNode } from '../json/json-node.ts'
import type { ReadJson } from '../json/json-reading.ts'
import { compileReadScalar } from '../json/scalar-reading.ts'
import { under } from '../value-path.ts'
import { KEY, VALUE } from './json-schema-names.ts'
import type { JsonSchemaMapping } from './json-schema-settings.ts'
import { isObjectMap } from './json-schema-writing.ts'
import { Branch, branchOf, isByText, isUnion } from './union-structs.ts'

/** The reader of a schema. What is missing is the default or null, whatever the schema says; only a null that is there must be allowed. */
export function compileReadValue(schema: Schema, mapping: JsonSchemaMapping): ReadJson {
  const read = compileNonNull(schema, mapping)
  const fallback = schema.default ?? null
  const isNullable = schema.optional || fallback !== null
  return (node) => {
    if (node === undefined) return fallback
    if (node !== null) return read(node)
    if (isNullable) return fallback
    throw new DataError(`Invalid null value for required ${schema.type.toUpperCase()} field`)
  }
}

function compileNonNull(schema: Schema, mapping: JsonSchemaMapping): (node: JsonNode) => Value {
  if (schema.type === 'array') return arrayReader(compileReadValue(schema.items, mapping))
  if (schema.type === 'map') return compileMap(schema, mapping)
  if (schema.type !== 'struct')
    return compileReadScalar(schema, mapping['integer.overflow'] === 'fail' ? 'fail' : 'wrap')
  if (isUnion(schema)) return compileUnion(schema, mapping)
  return structReader(
    schema,
    schema.fields.map((field) => compileReadValue(field.schema, mapping)),
  )
}

function compileMap(schema: MapSchema, mapping: JsonSchemaMapping): (node: JsonNode) => Value {
  const item = compileReadValue(schema.values, mapping)
  if (isObjectMap(schema)) return objectMapReader(item)
  const key = compileReadValue(schema.keys, mapping)
  return (node) => {
    if (!Array.isArray(node))
      throw new DataError(
        `Maps with non-string fields should be encoded as JSON array of objects, but found ${nodeType(node)}`,
      )
    const values = new Map<Value, Value>()
    for (const [i, entry] of node.entries())
      try {
        if (!isJsonObject(entry)) throw new DataError(`Found invalid map entry instead of object: ${nodeType(entry)}`)
        const count = Object.keys(entry).length
        if (count !== 2) throw new DataError(`Found invalid map entry, expected length 2 but found :${count}`)
        values.set(key(member(entry, KEY)), item(member(entry, VALUE)))
      } catch (error) {
        throw under(`[${i}]`, error)
      }
    return values
  }
}

function compileUnion(schema: StructSchema, mapping: JsonSchemaMapping): (node: JsonNode) => Value {
  const names = schema.fields.map(({ name }) => name)
  const reads = schema.fields.map((field) => compileReadValue(field.schema, mapping))
  const branches = schema.fields.map((field) => new Branch(field.schema))
  const byText = isByText(schema)
  return (node) => {
    if (byText && typeof node === 'number') throw INEXACT
    const at = branchOf(branches, node)
    if (at < 0) throw new DataError(`Did not find matching oneof field for data: ${nodeType(node)}`)
    const value: Record<string, Value> = {}
    try {
      for (const [i, name] of names.entries()) setMember(value, name, i === at ? reads[i]!(node) : null)
    } catch (error) {
      throw under(`.${names[at]!}`, error)
    }
    return value
  }
}
