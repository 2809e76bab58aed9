/** Kafka Connect's Cast: fields, or the whole key or value, become another primitive type. */
import { defineSettings, primitive, SluiceError } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { CAST_TYPES, castTo } from '../cast-value.ts'
import type { CastType } from '../cast-value.ts'
import { assertHasFields, copyOf, fieldValue, put, requireMap, requireStruct, setField } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { replaceNullWithDefault } from '../shared-settings.ts'
import { basicsOf, fillDefaults, perSchema, readField, structLike } from '../struct-plan.ts'

const settings = defineSettings({
  spec: {
    type: 'list',
    importance: 'high',
    documentation:
      'Fields and types, as name:type, or one type for the whole. ' +
      `Types are ${CAST_TYPES.join(', ')}. Numbers that are too large wrap, as in Java.`,
  },
  'replace.null.with.default': replaceNullWithDefault,
})

const PURPOSE = 'cast types'

export const cast: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'cast',
    className: 'Cast',
    documentation: 'Fields, or the whole key or value, become another primitive type.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const { fields: types, whole } = parseSpec(parsed.spec)
    const replaceNull = parsed['replace.null.with.default']
    const wholeSchemaOf = perSchema((schema: Schema) => castSchema(schema, whole ?? 'string', basicsOf(schema)))
    const planOf = perSchema((schema: StructSchema) => plan(schema, types, replaceNull))
    const schemaless = [...types].map(([name, type]) => ({ name, cast: castTo(type) }))
    const castWhole = whole === undefined ? undefined : castTo(whole)
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      if (castWhole !== undefined) {
        // The schema first: it is its default that is told of when neither can be cast.
        const castedSchema = schema === null ? null : wholeSchemaOf(schema)
        return side.replace(record, castedSchema, castWhole(schema, value))
      }
      if (schema === null) {
        const fields = requireMap(value, PURPOSE)
        const copy = copyOf(fields)
        for (const each of schemaless) put(copy, each.name, each.cast(null, fieldValue(fields, each.name)))
        return side.replace(record, null, copy)
      }
      assertHasFields(schema)
      const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
      const found = planOf(structSchema)
      return side.replace(record, found.schema, found.move(struct))
    }
    return transform
  },
)

function plan(
  schema: StructSchema,
  types: ReadonlyMap<string, CastType>,
  replaceNull: boolean,
): { schema: Schema; move: (struct: StructValue) => Value } {
  const casts = schema.fields.flatMap((field) => {
    const type = types.get(field.name)
    return type === undefined ? [] : [{ field, cast: castTo(type) }]
  })
  const fill = fillDefaults(schema, replaceNull)
  const fields = schema.fields.map((field): [string, Schema] => {
    const type = types.get(field.name)
    return [field.name, type === undefined ? field.schema : castSchema(field.schema, type, {})]
  })
  const casted = withOptionOf(schema, structLike(schema, fields))
  return {
    schema: casts.length === 0 ? schema : casted,
    move(struct) {
      const filled = fill(struct)
      if (casts.length === 0) return filled
      const copy: Record<string, Value> = { ...filled }
      for (const { field, cast: to } of casts)
        setField(copy, field.name, to(field.schema, readField(struct, field, replaceNull)))
      return copy
    },
  }
}

/** The schema of a cast value: optional and default are kept, the default cast with it. */
function castSchema(schema: Schema, type: CastType, options: ReturnType<typeof basicsOf>): Schema {
  const fallback = schema.default === undefined ? undefined : castTo(type)(schema, schema.default)
  return primitive(type, { ...options, optional: schema.optional, default: fallback })
}

function withOptionOf(source: StructSchema, derived: StructSchema): StructSchema {
  return source.optional ? Object.freeze({ ...derived, optional: true }) : derived
}

interface Spec {
  readonly fields: ReadonlyMap<string, CastType>
  readonly whole: CastType | undefined
}

function parseSpec(spec: readonly string[]): Spec {
  if (spec.length === 0) throw invalid('Must specify at least one field to cast.')
  const fields = new Map<string, CastType>()
  let whole: CastType | undefined
  for (const pair of spec) {
    const parts = pair.replace(/:+$/, '').split(':')
    if (parts.length > 2)
      throw invalid(`Invalid value [${spec.join(', ')}] for configuration renames: Invalid rename mapping: ${pair}`)
    const [name = '', type] = parts
    if (type === undefined) whole = castType(name.trim())
    else fields.set(name.trim(), castType(type.trim()))
  }
  if (whole !== undefined && spec.length > 1)
    throw invalid(
      'Cast transformations that specify a type to cast the entire value to may ony specify a single cast in their spec',
    )
  return { fields, whole }
}

function castType(name: string): CastType {
  const type = CAST_TYPES.find((each) => each === name.toLowerCase())
  if (type !== undefined) return type
  if (!['bytes', 'array', 'map', 'struct'].includes(name.toLowerCase()))
    throw invalid(
      `Invalid value java.lang.IllegalArgumentException: No enum constant org.apache.kafka.connect.data.Schema.Type.${name.toUpperCase()} ` +
        `for configuration Invalid type found in casting spec: ${name}`,
    )
  const supported = CAST_TYPES.map((each) => each.toUpperCase()).join(', ')
  throw invalid(
    `Cast transformation does not support casting to ${name.toUpperCase()}; supported types are [${supported}]`,
  )
}

function invalid(message: string): SluiceError {
  return new SluiceError('SETTINGS_INVALID', message, {
    remedy: `Set spec to pairs such as id:int64,name:string, or to one type. Types are ${CAST_TYPES.join(', ')}.`,
  })
}
