/** Golden vectors of Kafka Connect, read into our model of values and schemas. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { array, LOGICAL, map, primitive, structOf } from '@sluice/sdk'
import type { Schema, SchemaOptions, Value } from '@sluice/sdk'

export interface VectorValue {
  readonly t: string
  readonly v: unknown
}

export interface VectorSchema {
  readonly type: Schema['type']
  readonly optional: boolean
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly default?: VectorValue
  readonly fields?: readonly { readonly field: string; readonly schema: VectorSchema }[]
  readonly keys?: VectorSchema | null
  readonly values?: VectorSchema | null
  readonly items?: VectorSchema | null
}

export interface VectorError {
  readonly phase: string
  readonly class: string
  readonly message: string
}

/** The cases are data from outside of the project: VECTORS says where they are, if not in packages/e2e. */
export function readVectors(file: string): unknown {
  const folder = process.env['VECTORS'] ?? path.join(import.meta.dirname, '../../../e2e/vectors')
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
}

/** Our model has no schemas with empty places: a list or map whose elements have no schema has none itself. */
export function schemaOf(vector: VectorSchema | null): Schema | null {
  return vector === null || hasEmptyPlace(vector) ? null : someSchema(vector)
}

function hasEmptyPlace(vector: VectorSchema | null | undefined): boolean {
  if (vector === null || vector === undefined) return true
  const { type, items, keys, values } = vector
  if (type === 'array') return hasEmptyPlace(items)
  return type === 'map' && (hasEmptyPlace(keys) || hasEmptyPlace(values))
}

function someSchema(vector: VectorSchema | null | undefined): Schema {
  if (vector === null || vector === undefined) throw new Error('an element without a schema')
  const { type, fields, keys, values, items, default: fallback, ...rest } = vector
  const options: SchemaOptions = rest
  const bare =
    type === 'array'
      ? array(someSchema(items), options)
      : type === 'map'
        ? map(someSchema(keys), someSchema(values), options)
        : type === 'struct'
          ? structOf(
              (fields ?? []).map(({ field, schema }) => [field, someSchema(schema)] as const),
              options,
            )
          : primitive(type, options)
  return fallback === undefined ? bare : Object.freeze({ ...bare, default: valueOf(fallback, bare) })
}

const DAY_MS = 86_400_000

/**
 * A value in our model. Maps are Maps, also where they have no schema; a date without a schema stays a JavaScript Date.
 * Java lets a decimal have another scale than its schema says, which is wrong when it is written; what we read has the schema's.
 */
export function valueOf(
  vector: VectorValue | null,
  schema: Schema | null,
  decimals: 'as they are' | 'with the scale of the schema' = 'as they are',
): Value {
  if (vector === null) return null
  const { t, v } = vector
  const text = String(v)
  switch (t) {
    case 'boolean':
      return text === 'true'
    case 'string':
      return text
    case 'decimal':
      return decimals === 'as they are' ? text : scaled(text, schema)
    case 'int64':
    case 'java:java.math.BigInteger':
      return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)
    case 'float32':
      return Math.fround(Number(text))
    case 'bytes':
      return Buffer.from(text, 'base64')
    case 'date':
      if (schema === null) return new Date(Number(text)) as unknown as Value
      return schema.name === LOGICAL.date ? Number(text) / DAY_MS : Number(text)
    case 'array':
      return (v as VectorValue[]).map((item) => valueOf(item, schema?.type === 'array' ? schema.items : null, decimals))
    case 'map': {
      const [keys, values] = schema?.type === 'map' ? [schema.keys, schema.values] : [null, null]
      return new Map(
        (v as [VectorValue, VectorValue][]).map(([k, x]) => [valueOf(k, keys, decimals), valueOf(x, values, decimals)]),
      )
    }
    case 'struct': {
      const fields = schema?.type === 'struct' ? schema.fields : []
      const members = v as Readonly<Record<string, VectorValue | null>>
      return Object.fromEntries(
        fields.map(({ name, schema: field }) => [name, valueOf(members[name] ?? null, field, decimals)]),
      )
    }
    default:
      return Number(text)
  }
}

function scaled(text: string, schema: Schema | null): string {
  const scale = Number(schema?.parameters?.['scale'] ?? 0)
  const [whole = '', fraction = ''] = text.split('.')
  return scale <= 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
}

/** A text that is equal for equal values: JSON objects and Maps with string keys are the same, and the order of entries is nothing. */
export function canonicalValue(value: Value | undefined): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'boolean') return String(value)
  if (value instanceof Date) return String(value.getTime())
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(canonicalValue).join()}]`
  const entries = value instanceof Map ? [...(value as ReadonlyMap<Value, Value>)] : Object.entries(value)
  return `{${entries
    .map(([k, v]) => `${canonicalValue(k)}:${canonicalValue(v as Value)}`)
    .toSorted()
    .join()}}`
}
