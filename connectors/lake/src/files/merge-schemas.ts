import { sameSchema, structOf, withOptional } from '@sluice/sdk'
import type { Schema, StructSchema } from '@sluice/sdk'

const WIDENING = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64']

/**
 * The narrowest schema that values of both can be projected to: fields of either (optional where one lacks them), numbers as wide as the
 * wider. Undefined when there is none. `held` itself when it takes both.
 */
export function mergeSchemas(held: Schema, coming: Schema): Schema | undefined {
  if (held === coming || sameSchema(held, coming)) return held
  if (held.name !== coming.name && held.type !== 'struct') return undefined
  if (held.type === 'struct' && coming.type === 'struct') return mergeStructs(held, coming)
  const wider = Math.max(WIDENING.indexOf(held.type), WIDENING.indexOf(coming.type))
  const isNumber = WIDENING.includes(held.type) && WIDENING.includes(coming.type) && held.name === undefined
  // A list's or a map's own change is no widening: values in it are not projected one by one without a schema that says so.
  if (!isNumber && (held.type !== coming.type || !sameSchema(withOptional(held, true), withOptional(coming, true))))
    return undefined
  const type = isNumber && WIDENING.indexOf(held.type) < wider ? coming : held
  return held.optional || !coming.optional ? withOptional(type, held.optional) : withOptional(type, true)
}

function mergeStructs(held: StructSchema, coming: StructSchema): Schema | undefined {
  const pairs: (readonly [string, Schema])[] = []
  let isSame = held.optional || !coming.optional
  for (const field of held.fields) {
    const other = coming.fields.find(({ name }) => name === field.name)
    const merged = other === undefined ? withOptional(field.schema, true) : mergeSchemas(field.schema, other.schema)
    if (merged === undefined) return undefined
    isSame &&= sameSchema(merged, field.schema)
    pairs.push([field.name, merged])
  }
  for (const { name, schema } of coming.fields) {
    if (held.fields.some((field) => field.name === name)) continue
    isSame = false
    pairs.push([name, withOptional(schema, true)])
  }
  if (isSame) return held
  return structOf(pairs, {
    optional: held.optional || coming.optional,
    name: held.name,
    doc: held.doc,
    parameters: held.parameters,
  })
}
