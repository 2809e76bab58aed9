/**
 * Kafka Connect's schema model (`org.apache.kafka.connect.data.Schema`): twelve types, each optional or not, with name,
 * version, documentation, parameters and default; logical types are names put upon a base type.
 *
 * Schemas are frozen plain objects. Stages compare them by identity first (`===`), which is why whoever makes a schema
 * makes it once and hands out the same object for every record.
 */
import { SchemaError } from './errors.ts'
import type { Value } from './value.ts'

/** Connect's `Schema.Type`, in lower case, with the words of its JSON form except that float is `float32`, double `float64`. */
export type SchemaType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'array'
  | 'map'
  | 'struct'

export type PrimitiveType = Exclude<SchemaType, 'array' | 'map' | 'struct'>

interface SchemaBase {
  /** Whether null is a value of it. */
  readonly optional: boolean
  /** The name: of a logical type, or of a struct in a registry. */
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  /** What a reader sees in place of a missing or null value. */
  readonly default?: Value
  readonly parameters?: Readonly<Record<string, string>>
}

export interface PrimitiveSchema extends SchemaBase {
  readonly type: PrimitiveType
}
export interface ArraySchema extends SchemaBase {
  readonly type: 'array'
  readonly items: Schema
}
export interface MapSchema extends SchemaBase {
  readonly type: 'map'
  readonly keys: Schema
  readonly values: Schema
}
export interface StructSchema extends SchemaBase {
  readonly type: 'struct'
  readonly fields: readonly Field[]
}

/** One field of a struct; `index` is its place, as in Connect's `Field.index()`. */
export interface Field {
  readonly name: string
  readonly index: number
  readonly schema: Schema
}

export type Schema = PrimitiveSchema | ArraySchema | MapSchema | StructSchema

/** What can be said of a schema besides its type. */
export interface SchemaOptions {
  readonly optional?: boolean
  readonly name?: string | undefined
  readonly version?: number | undefined
  readonly doc?: string | undefined
  readonly default?: Value | undefined
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** Names of Connect's logical types, all version 1. */
export const LOGICAL = {
  decimal: 'org.apache.kafka.connect.data.Decimal',
  date: 'org.apache.kafka.connect.data.Date',
  time: 'org.apache.kafka.connect.data.Time',
  timestamp: 'org.apache.kafka.connect.data.Timestamp',
} as const

/** A schema of a primitive type. */
export function primitive(type: PrimitiveType, options: SchemaOptions = {}): PrimitiveSchema {
  return Object.freeze({ type, ...base(options) })
}

/** A list of values of one schema. */
export function array(items: Schema, options: SchemaOptions = {}): ArraySchema {
  return Object.freeze({ type: 'array', items, ...base(options) })
}

/** A map; its value is a JavaScript `Map`. */
export function map(keys: Schema, values: Schema, options: SchemaOptions = {}): MapSchema {
  return Object.freeze({ type: 'map', keys, values, ...base(options) })
}

/**
 * A struct; its value is a plain object keyed by field name.
 * @throws SchemaError when a field name is empty or occurs twice
 */
export function struct(fields: Readonly<Record<string, Schema>>, options: SchemaOptions = {}): StructSchema {
  return structOf(Object.entries(fields), options)
}

/** As `struct`, from pairs: for schemas read from data, where the order of number-like names must be kept. */
export function structOf(pairs: Iterable<readonly [string, Schema]>, options: SchemaOptions = {}): StructSchema {
  const fields: Field[] = []
  const seen = new Set<string>()
  for (const [name, schema] of pairs) {
    if (name === '') throw new SchemaError('fieldName cannot be null.', { remedy: 'Give each field a name.' })
    if (seen.has(name)) throw new SchemaError(`Cannot create field because of field name duplication ${name}`)
    seen.add(name)
    fields.push(Object.freeze({ name, index: fields.length, schema }))
  }
  return Object.freeze({ type: 'struct', fields: Object.freeze(fields), ...base(options) })
}

/** BYTES whose value is a decimal text such as `-12.50`, with exactly `scale` digits behind the point. */
export function decimal(scale: number, options: SchemaOptions = {}): PrimitiveSchema {
  return primitive('bytes', {
    ...options,
    name: LOGICAL.decimal,
    version: 1,
    parameters: { scale: String(scale), ...options.parameters },
  })
}

/** INT32: days since 1970-01-01 UTC. */
export function date(options: SchemaOptions = {}): PrimitiveSchema {
  return primitive('int32', { ...options, name: LOGICAL.date, version: 1 })
}

/** INT32: milliseconds since midnight, 0 to 86,399,999. */
export function time(options: SchemaOptions = {}): PrimitiveSchema {
  return primitive('int32', { ...options, name: LOGICAL.time, version: 1 })
}

/** INT64: milliseconds since 1970-01-01T00:00:00Z. */
export function timestamp(options: SchemaOptions = {}): PrimitiveSchema {
  return primitive('int64', { ...options, name: LOGICAL.timestamp, version: 1 })
}

/** The digits behind the point of a Decimal schema. @throws SchemaError when the parameter is missing or no integer */
export function decimalScale(schema: Schema): number {
  const text = schema.parameters?.['scale']
  if (text === undefined) throw new SchemaError('Invalid Decimal schema: scale parameter not found.')
  const scale = Number(text)
  if (!Number.isInteger(scale)) throw new SchemaError('Invalid scale parameter found in Decimal schema: ')
  return scale
}

/** The same schema, optional or not as asked. */
export function withOptional(schema: Schema, optional: boolean): Schema {
  return schema.optional === optional ? schema : Object.freeze({ ...schema, optional })
}

/** The field of that name, or undefined. */
export function fieldOf(schema: Schema, name: string): Field | undefined {
  return schema.type === 'struct' ? schema.fields.find((field) => field.name === name) : undefined
}

/** Equality over everything Connect compares: type, optional, default, fields, element schemas, name, version, doc, parameters. */
export function sameSchema(a: Schema | null, b: Schema | null): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  return canonical(a) === canonical(b)
}

const canonicalTexts = new WeakMap<Schema, string>()

/** A text that is equal for equal schemas; remembered, because schemas are compared far more often than made. */
export function canonical(schema: Schema): string {
  let text = canonicalTexts.get(schema)
  if (text === undefined) {
    text = JSON.stringify(schema, (key, value: unknown) => {
      if (typeof value === 'bigint') return `${value}n`
      if (value instanceof Map) return { map: [...value.entries()] }
      if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
      if (key === 'parameters' && value !== null && typeof value === 'object')
        return Object.fromEntries(Object.entries(value).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      return value
    })
    canonicalTexts.set(schema, text)
  }
  return text
}

function base(options: SchemaOptions): SchemaBase {
  const known: { -readonly [K in keyof SchemaBase]: SchemaBase[K] } = { optional: options.optional ?? false }
  if (options.name !== undefined) known.name = options.name
  if (options.version !== undefined) known.version = options.version
  if (options.doc !== undefined) known.doc = options.doc
  if (options.default !== undefined) known.default = options.default
  if (options.parameters !== undefined) known.parameters = Object.freeze({ ...options.parameters })
  return known
}
