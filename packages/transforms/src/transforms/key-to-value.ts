/** Aiven's KeyToValue: fields of the key, or the whole of it, become fields of the value. */
import { DataError, defineSettings, fieldOf, primitive, structOf } from '@sluice/sdk'
import type { ConnectRecord, PrimitiveType, Schema, StructSchema, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { copyOf, fieldValue, isFields, put } from '../fields.ts'
import type { Fields } from '../fields.ts'
import { javaClass } from '../java-class.ts'
import { AIVEN, javaNamesIn } from '../record-side.ts'
import { someNames } from '../shared-settings.ts'
import { basicsOf, perSchema } from '../struct-plan.ts'

const settings = defineSettings(
  {
    'key.fields': {
      type: 'list',
      validator: someNames,
      importance: 'high',
      documentation: 'The fields of the key, or * for the whole key.',
    },
    'value.fields': {
      type: 'list',
      default: [],
      importance: 'high',
      documentation: 'Their names in the value, in the same order. Default: the same names; _key for the whole key.',
    },
  },
  {
    *check({ 'key.fields': keyFields, 'value.fields': valueFields }) {
      const names = targetsOf(keyFields, valueFields)
      const twice = names.find((name, at) => names.indexOf(name) !== at)
      if (twice !== undefined)
        yield {
          setting: 'value.fields',
          message: `More than one key value is copied to the value field name '${twice}'`,
        }
    },
  },
)

const WHOLE = '*'

export const keyToValue: TransformPlugin = {
  name: 'key-to-value',
  aliases: javaNamesIn([AIVEN], 'KeyToValue'),
  documentation: 'Fields of the key, or the whole of it, become fields of the value.',
  settings,
  create(raw) {
    const { 'key.fields': sources, 'value.fields': valueFields } = settings.parse(raw)
    const targets = targetsOf(sources, valueFields)
    const schemaOf = perSchema((value: StructSchema) =>
      perSchema((key: Schema) => merged(key, value, sources, targets)),
    )
    const transform: Transform = (record) => {
      const { keySchema, key, valueSchema } = record
      refuseNames(record, sources)
      const value = appendable(record, sources)
      if (valueSchema === null) refuseFields(keySchema, sources)
      const copy = copyOf(value)
      sources.forEach((source, at) => {
        if (source === WHOLE) put(copy, targets[at]!, key)
        else put(copy, targets[at]!, isFields(key) ? fieldOfKey(keySchema, key, source) : null)
      })
      const schema = valueSchema === null ? null : schemaOf(valueSchema as StructSchema)(keySchema ?? inferred(key))
      return { ...record, valueSchema: schema, value: copy as Value }
    }
    return transform
  },
}

function targetsOf(sources: readonly string[], valueFields: readonly string[]): readonly string[] {
  return sources.map((source, at) => {
    const target = valueFields[at] ?? source
    return target === WHOLE ? '_key' : target
  })
}

function fieldOfKey(schema: Schema | null, key: Fields, name: string): Value {
  return fieldValue(key, name) ?? (schema === null ? null : (fieldOf(schema, name)?.schema.default ?? null))
}

/** Fields can only be named of a key that has some. */
function refuseNames({ keySchema, key }: ConnectRecord, sources: readonly string[]): void {
  if (sources.every((source) => source === WHOLE)) return
  const shown = `Named key fields [${sources.join(', ')}] cannot be copied from the key`
  if (keySchema !== null && keySchema.type !== 'struct')
    throw new DataError(`${shown} schema: ${keySchema.type.toUpperCase()}`)
  if (keySchema === null && !isFields(key)) throw new DataError(`${shown} class: ${javaClass(key)}`)
}

function refuseFields(keySchema: Schema | null, sources: readonly string[]): void {
  if (keySchema === null) return
  const missing = sources.find((source) => source !== WHOLE && fieldOf(keySchema, source) === undefined)
  if (missing !== undefined) throw new DataError(`${missing} is not a valid field name`)
}

function appendable({ keySchema, key, valueSchema, value }: ConnectRecord, sources: readonly string[]): Fields {
  if (valueSchema?.type === 'struct' && keySchema === null && isFields(key) && sources.includes(WHOLE))
    throw new DataError('The value requires a schema, but the key class is a schemaless Map')
  if (!isFields(value) || (valueSchema !== null && valueSchema.type !== 'struct'))
    throw new DataError('The value needs to be a Struct or Map in order to append fields')
  return value
}

/** A field that the value has already keeps its place. */
function merged(
  key: Schema,
  value: StructSchema,
  sources: readonly string[],
  targets: readonly string[],
): StructSchema {
  const fields = new Map(value.fields.map((field) => [field.name, field.schema]))
  sources.forEach((source, at) => {
    const schema = source === WHOLE ? key : fieldOf(key, source)?.schema
    if (schema === undefined) throw new DataError(`Key field '${source}' not found in key schema`)
    fields.set(targets[at]!, schema)
  })
  return structOf(fields, { ...basicsOf(value), optional: value.optional })
}

const INFERRED: Readonly<Record<string, Schema>> = Object.fromEntries(
  (['string', 'boolean', 'int64', 'float64'] as const satisfies readonly PrimitiveType[]).map((type) => [
    type,
    primitive(type, { optional: true }),
  ]),
)

/** Of a key without a schema. @throws DataError for one that is no text, number or boolean */
function inferred(key: Value): Schema {
  const type =
    typeof key === 'bigint' || Number.isInteger(key) ? 'int64' : typeof key === 'number' ? 'float64' : typeof key
  const found = INFERRED[type]
  if (found === undefined) throw new DataError(`Cannot infer schema for unsupported key class: ${javaClass(key)}`)
  return found
}
