/** JSON text, as of an outbox payload or a logical decoding message, as an object with a schema that is inferred from it. */
import { array, canonical, primitive, structOf } from '@sluice/sdk'
import type { Schema, SchemaAndValue, Value } from '@sluice/sdk'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const OPTIONAL = { optional: true }
const [TEXT, BOOLEAN, INT32, INT64, FLOAT64, BYTES] = (
  ['string', 'boolean', 'int32', 'int64', 'float64', 'bytes'] as const
).map((type): Schema => primitive(type, OPTIONAL)) as [Schema, Schema, Schema, Schema, Schema, Schema]

/**
 * Every field is optional. A member that is null is left out, or (`optional_bytes`) a null of bytes, because nothing says of which
 * type it would be. Elements of a list have the schema of the first that is not null.
 * @returns undefined for text that is no JSON object or list
 */
export function expandJson(text: string, nulls: 'ignore' | 'optional_bytes'): SchemaAndValue | undefined {
  const begin = text.trimStart()[0]
  if (begin !== '{' && begin !== '[') return undefined
  let parsed: Json
  try {
    parsed = JSON.parse(text) as Json
  } catch {
    return undefined
  }
  const schema = schemaOf(parsed, nulls)
  return schema === undefined ? undefined : { schema: known(schema), value: fitted(schema, parsed) }
}

const schemas = new Map<string, Schema>()
const SCHEMAS = 100

/** One object for equal schemas, because what follows is compiled for each. */
function known(schema: Schema): Schema {
  const text = canonical(schema)
  const found = schemas.get(text)
  if (found !== undefined) return found
  if (schemas.size >= SCHEMAS) schemas.clear()
  schemas.set(text, schema)
  return schema
}

function schemaOf(json: Json, nulls: 'ignore' | 'optional_bytes'): Schema | undefined {
  if (json === null) return nulls === 'ignore' ? undefined : BYTES
  if (typeof json === 'string') return TEXT
  if (typeof json === 'boolean') return BOOLEAN
  if (typeof json === 'number') return Number.isSafeInteger(json) ? (json === (json | 0) ? INT32 : INT64) : FLOAT64
  if (Array.isArray(json)) {
    const first = (json as readonly Json[]).find((item) => item !== null) ?? null
    return array(schemaOf(first, nulls) ?? TEXT, OPTIONAL)
  }
  const fields = Object.entries(json).flatMap(([name, item]): [string, Schema][] => {
    const schema = name === '' ? undefined : schemaOf(item, nulls)
    return schema === undefined ? [] : [[name, schema]]
  })
  return structOf(fields, OPTIONAL)
}

/** What the schema has no place for is left out; numbers of one list need not be of one width. */
function fitted(schema: Schema, json: Json): Value {
  if (json === null) return null
  if (schema.type === 'array')
    return Array.isArray(json) ? (json as Json[]).map((item) => fitted(schema.items, item)) : null
  if (schema.type !== 'struct') return typeof json === 'object' ? null : json
  if (typeof json !== 'object' || Array.isArray(json)) return null
  const members = json as { readonly [name: string]: Json }
  return Object.fromEntries(schema.fields.map(({ name, schema: of }) => [name, fitted(of, members[name] ?? null)]))
}
