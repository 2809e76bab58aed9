/** Values as Java's `toString` shows them, which is what Kafka Connect's StringConverter writes for anything but strings. */
import { DataError } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Value } from '@sluice/sdk'
import { readDecimal } from './decimal.ts'
import { isPlainObject, javaClass } from './java-class.ts'
import { calendarDay, javaDecimal, javaDouble, javaFloat } from '@sluice/sdk/values'
import { logicalType } from './logical-type.ts'

/**
 * The text of a value: `100.0` for a double, `[1, b]`, `{a=1}`, `Struct{x=1}` without the null fields, a date as
 * `java.util.Date` prints it in UTC.
 * @throws DataError for bytes, which Java prints as an address in memory, and for what is no value
 */
export function javaText(schema: Schema | null, value: Value | undefined): string {
  if (value === null || value === undefined) return 'null'
  if (schema === null) return schemalessText(value)
  if (typeof value === 'string') return logicalType(schema) === 'decimal' ? decimal(schema, value) : value
  if (typeof value === 'number') return number(schema, value)
  return typeof value === 'object' ? composite(schema, value) : String(value)
}

function decimal(schema: Schema, text: string): string {
  const { unscaled, scale } = readDecimal(text, Number(schema.parameters?.['scale'] ?? 0))
  return javaDecimal(unscaled, scale)
}

function number(schema: Schema, value: number): string {
  if (schema.type === 'float64') return javaDouble(value)
  if (schema.type === 'float32') return javaFloat(Math.fround(value))
  const logical = logicalType(schema)
  if (logical === undefined) return wholeOrDouble(value)
  return dateText(logical === 'date' ? value * DAY_MS : value)
}

function composite(schema: Schema, value: Value): string {
  if (schema.type === 'array' && Array.isArray(value))
    return `[${(value as readonly Value[]).map((item) => javaText(schema.items, item)).join(', ')}]`
  if (schema.type === 'map' && value instanceof Map)
    return `{${[...(value as ReadonlyMap<Value, Value>)].map(([k, v]) => `${javaText(schema.keys, k)}=${javaText(schema.values, v)}`).join(', ')}}`
  if (schema.type === 'struct' && typeof value === 'object' && isPlainObject(value as object))
    return struct(schema, value as StructValue)
  return schemalessText(value)
}

function struct(schema: StructSchema, value: StructValue): string {
  const parts = schema.fields.flatMap(({ name, schema: field }) => {
    const item = Object.hasOwn(value, name) ? value[name] : null
    return item === null || item === undefined ? [] : [`${name}=${javaText(field, item)}`]
  })
  return `Struct{${parts.join(',')}}`
}

function schemalessText(value: Value | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return wholeOrDouble(value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(schemalessText).join(', ')}]`
  if (value instanceof Map) return mapText(value as ReadonlyMap<Value, Value>)
  if (!(value instanceof Uint8Array) && isPlainObject(value)) return mapText(Object.entries(value as StructValue))
  throw new DataError(`No text for a value of class ${javaClass(value)}`, {
    remedy: 'Use ByteArrayConverter for bytes, or JsonConverter for what contains bytes.',
  })
}

function mapText(entries: Iterable<readonly [Value, Value]>): string {
  return `{${Array.from(entries, ([key, item]) => `${schemalessText(key)}=${schemalessText(item)}`).join(', ')}}`
}

function wholeOrDouble(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : javaDouble(value)
}

const DAY_MS = 86_400_000
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
/** The first day of the epoch. */
const THURSDAY = 4
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `java.util.Date.toString`, in UTC. */
function dateText(milliseconds: number): string {
  const days = Math.floor(milliseconds / DAY_MS)
  const { year, month, day } = calendarDay(days)
  const weekday = WEEKDAYS[(((days + THURSDAY) % 7) + 7) % 7]
  const time = new Date(milliseconds - days * DAY_MS).toISOString().slice(11, 19)
  return `${weekday} ${MONTHS[month]} ${String(day).padStart(2, '0')} ${time} UTC ${year > 0 ? year : 1 - year}`
}
