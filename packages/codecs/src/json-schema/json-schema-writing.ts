/** Values of a schema to the JSON that Confluent's converter writes: one small function per schema, put together once. */
import { DataError } from '@sluice/sdk'
import type { MapSchema, Schema, StructSchema, Value } from '@sluice/sdk'
import { arrayWriter, isStruct, structWriter } from '../json/container-encoding.ts'
import type { JsonSettings } from '../json/json-settings.ts'
import type { JsonWriter } from '../json/json-writer.ts'
import { type WriteNonNull, compileWriteScalar, invalidType } from '../json/scalar-encoding.ts'
import { under } from '../value-path.ts'
import { KEY, VALUE } from './json-schema-names.ts'
import type { JsonSchemaMapping } from './json-schema-settings.ts'
import { isUnion } from './union-structs.ts'

/** Writes a value, null included. @throws DataError for a value that does not fit the schema */
export type WriteJsonValue = (out: JsonWriter, value: Value | undefined) => void

const NULL = Buffer.from('null')
const COMMA = 0x2c

export function compileWriteValue(schema: Schema, mapping: JsonSchemaMapping): WriteJsonValue {
  const write = compileNonNull(schema, mapping)
  const fallback = fallbackOf(schema, mapping)
  return (out, value) => {
    const given = value ?? fallback
    // As by Confluent's converter, null passes where the schema does not allow it: whether it may is for a validator to say.
    if (given === null) out.raw(NULL)
    else write(out, given)
  }
}

/** Whether null is not written at all: as a field it is left out, as a whole value it is a tombstone. */
export function isNullLeftOut(schema: Schema, mapping: JsonSchemaMapping): boolean {
  return !schema.optional && fallbackOf(schema, mapping) === null
}

function fallbackOf(schema: Schema, mapping: JsonSchemaMapping): Value {
  return mapping['ignore.default.for.nullables'] ? null : (schema.default ?? null)
}

export function decimalFormat(mapping: JsonSchemaMapping): JsonSettings['decimalFormat'] {
  return mapping['decimal.format'].toUpperCase() === 'NUMERIC' ? 'NUMERIC' : 'BASE64'
}

/** Whether a map is an object, whose members are its entries; otherwise it is a list of objects, one for each. */
export function isObjectMap({ keys }: MapSchema): boolean {
  return keys.type === 'string' && !keys.optional
}

function compileNonNull(schema: Schema, mapping: JsonSchemaMapping): WriteNonNull {
  if (schema.type === 'array') return arrayWriter(compileWriteValue(schema.items, mapping))
  if (schema.type === 'map') return compileMap(schema, mapping)
  if (schema.type !== 'struct') return compileWriteScalar(schema, decimalFormat(mapping))
  if (isUnion(schema)) return compileUnion(schema, mapping)
  return structWriter(
    schema,
    schema.fields.map((field) => compileWriteValue(field.schema, mapping)),
    schema.fields.map((field) => isNullLeftOut(field.schema, mapping)),
  )
}

function compileMap(schema: MapSchema, mapping: JsonSchemaMapping): WriteNonNull {
  const key = compileWriteValue(schema.keys, mapping)
  const item = compileWriteValue(schema.values, mapping)
  const isObject = isObjectMap(schema)
  const [start, end] = isObject ? [0x7b, 0x7d] : [0x5b, 0x5d]
  const [beforeKey, beforeItem, behind] = isObject ? ['', ':', ''] : [`{"${KEY}":`, `,"${VALUE}":`, '}']
  // The names of members are texts, whatever the value was.
  const nullKey = isObject ? 'null' : null
  return (out, value) => {
    if (!(value instanceof Map)) invalidType('MAP:', value)
    out.byte(start)
    let at = 0
    try {
      for (const [k, v] of value as ReadonlyMap<Value, Value>) {
        if (at > 0) out.byte(COMMA)
        out.ascii(beforeKey)
        key(out, k ?? nullKey)
        out.ascii(beforeItem)
        item(out, v)
        out.ascii(behind)
        at++
      }
    } catch (error) {
      throw under(`[entry ${at}]`, error)
    }
    out.byte(end)
  }
}

/** The first field that is not null is the value. */
function compileUnion(schema: StructSchema, mapping: JsonSchemaMapping): WriteNonNull {
  const branches = schema.fields.map(({ name, schema: branch }) => ({
    name,
    fallback: fallbackOf(branch, mapping),
    write: compileWriteValue(branch, mapping),
  }))
  return (out, value) => {
    if (!isStruct(value)) invalidType('STRUCT:', value)
    for (const { name, fallback, write } of branches) {
      const given = (Object.hasOwn(value, name) ? value[name] : null) ?? fallback
      if (given === null) continue
      try {
        write(out, given)
      } catch (error) {
        throw under(`.${name}`, error)
      }
      return
    }
    if (!schema.optional)
      throw new DataError('None of the fields of a struct that stands for a union has a value', {
        remedy: 'Give one of them, or make the union optional.',
      })
    out.raw(NULL)
  }
}
