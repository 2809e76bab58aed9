/** Golden vectors of Kafka Connect's transforms, read into our model of records. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { array, canonical, LOGICAL, map, primitive, structOf } from '@sluice/sdk'
import type { ConnectRecord, Header, PrimitiveType, Schema, SchemaOptions, Value } from '@sluice/sdk'

interface VectorValue {
  readonly t: string
  readonly v: unknown
}

interface VectorSchema {
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

export interface VectorRecord {
  readonly kind: 'sink' | 'source'
  readonly topic: string
  readonly partition: number | null
  readonly offset?: string
  readonly timestamp: string | null
  readonly key_schema: VectorSchema | null
  readonly key: VectorValue | null
  readonly value_schema: VectorSchema | null
  readonly value: VectorValue | null
  readonly headers: readonly {
    readonly key: string
    readonly schema: VectorSchema | null
    readonly value: VectorValue | null
  }[]
}

export interface SmtCase {
  readonly id: string
  readonly class: string
  readonly config: Readonly<Record<string, string>>
  readonly input: string
  readonly output?: VectorRecord | null
  readonly test?: boolean
  readonly error?: { readonly phase: string; readonly class: string; readonly message: string }
}

export interface SmtVectors {
  readonly inputs: Readonly<Record<string, VectorRecord>>
  readonly cases: readonly SmtCase[]
}

/** The cases are data from outside of the project: VECTORS says where they are, if not in packages/e2e. */
export function readSmtVectors(): SmtVectors {
  const folder = process.env['VECTORS'] ?? path.join(import.meta.dirname, '../../../e2e/vectors')
  return JSON.parse(readFileSync(path.join(folder, 'connect/smt.json'), 'utf8')) as SmtVectors
}

/** How objects without a schema come: from a JSON parser, or as Maps. */
export type ObjectKind = 'plain objects' | 'Maps'

/** A record in our model, which has no schemas with empty places: a list or map whose elements have no schema has none itself. */
export function recordOf(vector: VectorRecord, kind: ObjectKind): ConnectRecord {
  const keySchema = schemaOf(vector.key_schema, kind)
  const valueSchema = schemaOf(vector.value_schema, kind)
  const headers = vector.headers.map(({ key, schema, value }): Header => {
    const headerSchema = schemaOf(schema, kind)
    return { key, schema: headerSchema, value: valueOf(value, headerSchema, kind) }
  })
  const record: ConnectRecord = {
    topic: vector.topic,
    keySchema,
    key: valueOf(vector.key, keySchema, kind),
    valueSchema,
    value: valueOf(vector.value, valueSchema, kind),
    timestamp: vector.timestamp === null ? null : Number(vector.timestamp),
    headers: headers.length === 0 ? null : headers,
  }
  const offset = vector.offset === undefined ? {} : { offset: Number(vector.offset) }
  return Object.assign(record, { partition: vector.partition }, offset)
}

function schemaOf(vector: VectorSchema | null, kind: ObjectKind): Schema | null {
  return vector === null || hasEmptyPlace(vector) ? null : someSchema(vector, kind)
}

function hasEmptyPlace(vector: VectorSchema | null | undefined): boolean {
  if (vector === null || vector === undefined) return true
  const { type, items, keys, values } = vector
  if (type === 'array') return hasEmptyPlace(items)
  return type === 'map' && (hasEmptyPlace(keys) || hasEmptyPlace(values))
}

function someSchema(vector: VectorSchema | null | undefined, kind: ObjectKind): Schema {
  if (vector === null || vector === undefined) throw new Error('an element without a schema')
  const { name, version, doc, parameters, optional, default: fallback } = vector
  const bare = bareSchema(vector, { name, version, doc, parameters, optional }, kind)
  return fallback === undefined ? bare : Object.freeze({ ...bare, default: valueOf(fallback, bare, kind) })
}

function bareSchema(vector: VectorSchema, options: SchemaOptions, kind: ObjectKind): Schema {
  if (vector.type === 'array') return array(someSchema(vector.items, kind), options)
  if (vector.type === 'map') return map(someSchema(vector.keys, kind), someSchema(vector.values, kind), options)
  if (vector.type !== 'struct') return primitive(vector.type satisfies PrimitiveType, options)
  const fields = (vector.fields ?? []).map(({ field, schema }) => [field, someSchema(schema, kind)] as const)
  return structOf(fields, options)
}

const DAY_MS = 86_400_000

function valueOf(vector: VectorValue | null, schema: Schema | null, kind: ObjectKind): Value {
  if (vector === null) return null
  const { t, v } = vector
  const text = String(v)
  switch (t) {
    case 'boolean':
      return text === 'true'
    case 'string':
      return text
    case 'decimal':
      return decimalText(text, Number(schema?.parameters?.['scale'] ?? 0))
    case 'int64':
      return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)
    case 'float32':
      return Math.fround(Number(text))
    case 'bytes':
      return Buffer.from(text, 'base64')
    case 'date':
      return schema?.name === LOGICAL.date ? Number(text) / DAY_MS : Number(text)
    case 'array':
      return (v as VectorValue[]).map((item) => valueOf(item, schema?.type === 'array' ? schema.items : null, kind))
    case 'map': {
      const [keys, values] = schema?.type === 'map' ? [schema.keys, schema.values] : [null, null]
      const entries = (v as [VectorValue, VectorValue][]).map(
        ([k, x]) => [valueOf(k, keys, kind), valueOf(x, values, kind)] as const,
      )
      const isPlain = schema === null && kind === 'plain objects'
      return isPlain ? Object.fromEntries(entries as [string, Value][]) : new Map(entries)
    }
    case 'struct': {
      const fields = schema?.type === 'struct' ? schema.fields : []
      const members = v as Readonly<Record<string, VectorValue | null>>
      return Object.fromEntries(
        fields.map(({ name, schema: field }) => [name, valueOf(members[name] ?? null, field, kind)]),
      )
    }
    default:
      return Number(text)
  }
}

/** Java lets a decimal have another scale than its schema says; ours always has the schema's. */
function decimalText(text: string, scale: number): string {
  if (scale <= 0) return text
  const [whole = '', fraction = ''] = text.split('.')
  return `${whole}.${fraction.padEnd(scale, '0')}`
}

/** A text that is equal for equal records; the order of an object's entries means nothing, nor whether it is a Map. */
export function canonicalRecord(record: ConnectRecord): string {
  const { partition, offset } = record as { readonly partition?: number | null; readonly offset?: number }
  const schema = (of: Schema | null): string => (of === null ? 'none' : canonical(of))
  return [
    `topic ${record.topic}, partition ${partition}, offset ${offset}, timestamp ${record.timestamp}`,
    `key schema ${schema(record.keySchema)}`,
    `key ${canonicalValue(record.key)}`,
    `value schema ${schema(record.valueSchema)}`,
    `value ${canonicalValue(record.value)}`,
    ...(record.headers ?? []).map(({ key, schema: of, value }) => `${key}: ${schema(of)} ${canonicalValue(value)}`),
  ].join('\n')
}

function canonicalValue(value: Value | undefined): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return `${value}`
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(canonicalValue).join()}]`
  const entries = value instanceof Map ? [...(value as ReadonlyMap<Value, Value>)] : Object.entries(value)
  const texts = entries.map(([k, v]: readonly [Value, Value]) => `${canonicalValue(k)}:${canonicalValue(v)}`)
  return `{${texts.toSorted().join()}}`
}
