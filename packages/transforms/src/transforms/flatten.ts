/** Kafka Connect's Flatten: nested fields move to the top, under names joined by a delimiter. */
import { DataError, defineSettings } from '@sluice/sdk'
import type { Field, Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { entriesOf, isFields, likewise, requireMap, requireStruct, setField } from '../fields.ts'
import type { Fields } from '../fields.ts'
import { javaClass } from '../java-class.ts'
import { keyAndValue } from '../record-side.ts'
import { fillDefaults, perSchema, readField, sameOr, structLike } from '../struct-plan.ts'

const settings = defineSettings({
  delimiter: {
    type: 'string',
    default: '.',
    importance: 'medium',
    documentation: 'What stands between the names of nested fields.',
  },
})

const PURPOSE = 'flattening'

export const flatten: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'flatten',
    className: 'Flatten',
    documentation: 'Nested fields move to the top, under names joined by a delimiter.',
  },
  settings,
  (side, raw) => {
    const { delimiter } = settings.parse(raw)
    const planOf = perSchema((schema: StructSchema) => plan(schema, delimiter))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      if (schema === null) {
        const fields = requireMap(value, PURPOSE)
        return hasNested(fields)
          ? side.replace(record, null, likewise(fields, flatEntries(fields, '', delimiter)))
          : record
      }
      const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
      const { flat, move } = planOf(structSchema)
      return side.replace(record, flat, move(struct))
    }
    return transform
  },
)

function hasNested(fields: Fields): boolean {
  if (fields instanceof Map) return [...(fields as ReadonlyMap<Value, Value>).values()].some(isFields)
  for (const name in fields) if (isFields((fields as StructValue)[name]!)) return true
  return false
}

function* flatEntries(fields: Fields, prefix: string, delimiter: string): Generator<readonly [string, Value]> {
  for (const [name, item] of entriesOf(fields)) {
    if (typeof name !== 'string')
      throw new DataError(`Flatten transformation does not support names of class ${javaClass(name)}`)
    const full = prefix === '' ? name : prefix + delimiter + name
    if (isFields(item)) yield* flatEntries(item, full, delimiter)
    else yield [full, item]
  }
}

interface Plan {
  readonly flat: Schema
  readonly move: (struct: StructValue) => Value
}

/** A field of the flat schema and the way to its value. */
interface Leaf {
  readonly name: string
  readonly schema: Schema
  readonly along: readonly Field[]
}

function plan(schema: StructSchema, delimiter: string): Plan {
  const leaves = [...leavesOf(schema, '', delimiter, schema.optional, defaultOf(schema), [])]
  const flat = sameOr(
    schema,
    structLike(
      schema,
      leaves.map((leaf) => [leaf.name, leaf.schema] as const),
    ),
  )
  if (flat === schema) return { flat, move: fillDefaults(schema, true) }
  return {
    flat,
    move(struct) {
      const moved: Record<string, Value> = {}
      for (const { name, along } of leaves) setField(moved, name, valueAlong(struct, along))
      return moved
    },
  }
}

function valueAlong(struct: StructValue, along: readonly Field[]): Value {
  let at: Value = struct
  for (const field of along) {
    if (at === null) return null
    at = readField(at as StructValue, field, true)
  }
  return at
}

function* leavesOf(
  schema: StructSchema,
  prefix: string,
  delimiter: string,
  optional: boolean,
  parentDefault: StructValue | null,
  before: readonly Field[],
): Generator<Leaf> {
  for (const field of schema.fields) {
    const name = prefix === '' ? field.name : prefix + delimiter + field.name
    const isOptional = optional || field.schema.optional
    const fallback = field.schema.default ?? (parentDefault === null ? null : readField(parentDefault, field, true))
    const along = [...before, field]
    if (field.schema.type === 'struct')
      yield* leavesOf(field.schema, name, delimiter, isOptional, fallback as StructValue | null, along)
    else if (field.schema.type === 'map')
      throw new DataError(`Flatten transformation does not support MAP for record with schemas (for field ${name}).`)
    else yield { name, schema: leafSchema(field.schema, isOptional, fallback), along }
  }
}

function leafSchema(schema: Schema, optional: boolean, fallback: Value): Schema {
  if (optional === schema.optional && (schema.default ?? null) === fallback) return schema
  return Object.freeze({ ...schema, optional, ...(fallback !== null && { default: fallback }) })
}

function defaultOf(schema: StructSchema): StructValue | null {
  return (schema.default ?? null) as StructValue | null
}
