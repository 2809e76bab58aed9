/** A field at a path of names, with its schema, in objects with and without one. */
import { fieldOf } from '@sluice/sdk'
import type { Field, Schema, SchemaAndValue, Value } from '@sluice/sdk'
import { fieldValue, isFields } from './fields.ts'
import { perSchema } from './struct-plan.ts'

/** What is read where there is nothing. */
export const NOTHING: SchemaAndValue = Object.freeze({ schema: null, value: null })

/**
 * Reads the field at a path; an empty path leads to the whole. A null is taken for its default. Where a step is missing, or is
 * no object, there is `NOTHING`; where there is a field that is null, its schema is given.
 */
export function fieldReader(path: readonly string[]): (schema: Schema | null, value: Value) => SchemaAndValue {
  const alongOf = perSchema((schema: Schema) => fieldsOn(schema, path))
  return (schema, value) => {
    let at: Value = value
    if (schema === null) {
      for (const name of path) {
        if (!isFields(at)) return NOTHING
        at = fieldValue(at, name)
      }
      return { schema: null, value: at }
    }
    const along = alongOf(schema)
    if (along === undefined) return NOTHING
    for (const field of along) at = isFields(at) ? (fieldValue(at, field.name) ?? field.schema.default ?? null) : null
    return { schema: along.at(-1)?.schema ?? schema, value: at }
  }
}

function fieldsOn(schema: Schema, path: readonly string[]): readonly Field[] | undefined {
  const along: Field[] = []
  let at = schema
  for (const name of path) {
    const field = fieldOf(at, name)
    if (field === undefined) return undefined
    along.push(field)
    at = field.schema
  }
  return along
}
