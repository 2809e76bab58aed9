/** Values as free text, by the rules of Kafka Connect's `Values.convertToString`: what SimpleHeaderConverter writes. */
import { DataError } from '../errors.ts'
import { fieldOf, LOGICAL } from '../schema.ts'
import type { MapSchema, Schema, StructSchema } from '../schema.ts'
import type { StructValue, Value } from '../value.ts'
import { instantText } from './instant-text.ts'
import { javaDecimal, javaDouble, javaFloat } from './java-number.ts'

/**
 * A text stays as it is, bytes become base64; within lists `[a,b]`, maps and structs `{"a":1}` both stand in double quotes.
 * Numbers are written as Java prints them, dates and times in ISO form.
 * @throws DataError for what is no value, and for what is nested too deeply
 */
export function valueText(schema: Schema | null, value: Value): string {
  if (typeof value === 'string' && !isDecimal(schema)) return value
  return value instanceof Uint8Array ? base64(value) : nested(schema, value, 0)
}

const MAX_DEPTH = 1000
const DAY_MS = 86_400_000

function nested(schema: Schema | null, value: Value | undefined, depth: number): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return isDecimal(schema) ? decimalText(value) : quoted(value)
  if (typeof value === 'number') return numberText(schema, value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) return `"${base64(value)}"`
  if (depth >= MAX_DEPTH)
    throw new DataError(`Value nesting depth (${depth + 1}) exceeds the maximum allowed (${MAX_DEPTH})`)
  if (Array.isArray(value)) {
    const items = schema?.type === 'array' ? schema.items : null
    return `[${(value as readonly Value[]).map((item) => nested(items, item, depth + 1)).join()}]`
  }
  if (value instanceof Map) return mapText(schema?.type === 'map' ? schema : null, value, depth + 1)
  return structText(schema?.type === 'struct' ? schema : null, value as StructValue, depth + 1)
}

function mapText(schema: MapSchema | null, value: ReadonlyMap<Value, Value>, depth: number): string {
  const entries = Array.from(
    value,
    ([key, item]) => `${nested(schema?.keys ?? null, key, depth)}:${nested(schema?.values ?? null, item, depth)}`,
  )
  return `{${entries.join()}}`
}

/** Of a struct all fields, with the defaults of those that are null; of an object without a schema what it has. */
function structText(schema: StructSchema | null, value: StructValue, depth: number): string {
  const names = schema === null ? Object.keys(value) : schema.fields.map((field) => field.name)
  const entries = names.map((name) => {
    const field = schema === null ? null : (fieldOf(schema, name)?.schema ?? null)
    const own = Object.hasOwn(value, name) ? value[name] : null
    return `${quoted(name)}:${nested(field, own ?? field?.default ?? null, depth)}`
  })
  return `{${entries.join()}}`
}

function numberText(schema: Schema | null, value: number): string {
  switch (schema?.name) {
    case LOGICAL.date:
      return instantText(value * DAY_MS)
    case LOGICAL.time:
    case LOGICAL.timestamp:
      return instantText(value)
    case undefined:
    default:
      break
  }
  if (schema?.type === 'float32') return javaFloat(Math.fround(value))
  if (schema?.type === 'float64' || !Number.isSafeInteger(value) || Object.is(value, -0)) return javaDouble(value)
  return String(value)
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

function isDecimal(schema: Schema | null): boolean {
  return schema?.name === LOGICAL.decimal && schema.type === 'bytes'
}

/** Java's `BigDecimal.toString` of plain text, which has an exponent where there are many zeros behind the point. */
function decimalText(text: string): string {
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) throw new DataError('Invalid value for Decimal')
  const point = text.indexOf('.')
  if (point < 0) return text
  return javaDecimal(BigInt(text.slice(0, point) + text.slice(point + 1)), text.length - point - 1)
}
