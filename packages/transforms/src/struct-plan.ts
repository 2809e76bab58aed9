/** From struct to struct: the schema is derived once, and values are then moved by a plan. */
import { sameSchema, structOf } from '@sluice/sdk'
import type { Field, Schema, SchemaOptions, StructSchema, StructValue, Value } from '@sluice/sdk'
import { fieldValue, setField } from './fields.ts'

/** Remembers what was made of a schema; records of one topic mostly share one schema object. */
export function perSchema<S extends Schema, T>(make: (schema: S) => T): (schema: S) => T {
  const made = new WeakMap<S, { readonly of: T }>()
  let lastSchema: S | undefined
  let last: T
  return (schema) => {
    if (schema === lastSchema) return last
    let found = made.get(schema)
    if (found === undefined) made.set(schema, (found = { of: make(schema) }))
    lastSchema = schema
    last = found.of
    return last
  }
}

/** What Connect's `SchemaUtil.copySchemaBasics` carries over: name, version, doc, parameters; not optional, not the default. */
export function basicsOf({ name, version, doc, parameters }: Schema): SchemaOptions {
  return { name, version, doc, parameters }
}

/** A struct schema of these fields with another's basics. @throws SchemaError for a field name that occurs twice */
export function structLike(source: Schema, fields: Iterable<readonly [string, Schema]>): StructSchema {
  return structOf(fields, basicsOf(source))
}

/** The derived schema; the source itself where the two are equal, so that what follows sees no change. */
export function sameOr<S extends Schema>(source: S, derived: S): S {
  return sameSchema(source, derived) ? source : derived
}

/** Reads a field as Connect's `Struct.get` does, or `getWithoutDefault`. */
export function readField(struct: StructValue, field: Field, replaceNullWithDefault: boolean): Value {
  const value = fieldValue(struct, field.name)
  return value === null && replaceNullWithDefault ? (field.schema.default ?? null) : value
}

/**
 * The fields of a struct that a copy would change by itself, because a null becomes the default there. Connect copies a struct
 * field by field even where a transform changes nothing in it.
 */
export function fillDefaults(
  schema: StructSchema,
  replaceNullWithDefault: boolean,
): (struct: StructValue) => StructValue {
  const filled = replaceNullWithDefault
    ? schema.fields.filter((field) => field.schema.default !== undefined && field.schema.default !== null)
    : []
  if (filled.length === 0) return (struct) => struct
  return (struct) => {
    let copy: Record<string, Value> | undefined
    for (const field of filled)
      if (fieldValue(struct, field.name) === null) setField((copy ??= { ...struct }), field.name, field.schema.default!)
    return copy ?? struct
  }
}
