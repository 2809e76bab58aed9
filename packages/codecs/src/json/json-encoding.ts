/** Values of a schema to JSON text: one small function per schema, put together once. */
import { DataError, decimalScale } from '@sluice/sdk'
import type { ArraySchema, MapSchema, Schema, StructSchema, StructValue, Value } from '@sluice/sdk'
import { bigIntBytes, mismatch, readDecimal } from '../decimal.ts'
import { javaClass } from '../java-class.ts'
import { javaDecimal } from '@sluice/sdk/values'
import { logicalType } from '../logical-type.ts'
import type { LogicalType } from '../logical-type.ts'
import type { JsonSettings } from './json-settings.ts'
import { JsonWriter } from './json-writer.ts'
import { writeSchemaless } from './schemaless-encoding.ts'
import { under } from '../value-path.ts'

/** Writes a value, null included. @throws DataError for a value that does not fit the schema */
export type WriteJson = (out: JsonWriter, value: Value | undefined) => void
type WriteNonNull = (out: JsonWriter, value: Value) => void

const NULL = Buffer.from('null')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const COMMA = 0x2c
const COLON = 0x3a

/** The writer of a schema. @throws SchemaError for a schema that cannot be written */
export function compileWriteJson(schema: Schema | null, settings: JsonSettings): WriteJson {
  if (schema === null) return (out, value) => writeSchemaless(out, value, 0)
  const write = compileNonNull(schema, settings)
  const writeNull = compileNull(schema, settings, write)
  return (out, value) => {
    if (value === null || value === undefined) writeNull(out)
    else write(out, value)
  }
}

function compileNull(schema: Schema, settings: JsonSettings, write: WriteNonNull): (out: JsonWriter) => void {
  const fallback = settings.replaceNullWithDefault ? (schema.default ?? null) : null
  if (fallback !== null) return (out) => write(out, fallback)
  if (schema.optional) return (out) => out.raw(NULL)
  return () => {
    throw new DataError('Conversion error: null value for field that is required and has no default value', {
      remedy: 'Give the value, or make its schema optional.',
    })
  }
}

function compileNonNull(schema: Schema, settings: JsonSettings): WriteNonNull {
  const logical = logicalType(schema)
  return logical === undefined ? compilePlain(schema, settings) : compileLogical(schema, logical, settings)
}

function compileLogical(schema: Schema, logical: LogicalType, settings: JsonSettings): WriteNonNull {
  switch (logical) {
    case 'decimal':
      return compileDecimal(schema, settings)
    case 'date':
      return integerWriter('Date, expected Date but was', -(2 ** 31), 2 ** 31 - 1)
    case 'time':
      return writeTime
    case 'timestamp':
      break
  }
  return integerWriter('Timestamp, expected Date but was', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
}

function compilePlain(schema: Schema, settings: JsonSettings): WriteNonNull {
  switch (schema.type) {
    case 'int8':
      return integerWriter('INT8:', -128, 127)
    case 'int16':
      return integerWriter('INT16:', -32_768, 32_767)
    case 'int32':
      return integerWriter('INT32:', -(2 ** 31), 2 ** 31 - 1)
    case 'int64':
      return writeInt64
    case 'float32':
      return (out, value) => (typeof value === 'number' ? out.float(value) : invalidType('FLOAT32:', value))
    case 'float64':
      return (out, value) => (typeof value === 'number' ? out.double(value) : invalidType('FLOAT64:', value))
    case 'boolean':
      return (out, value) =>
        typeof value === 'boolean' ? out.raw(value ? TRUE : FALSE) : invalidType('BOOLEAN:', value)
    case 'string':
      return (out, value) => (typeof value === 'string' ? out.string(value) : invalidType('STRING:', value))
    case 'bytes':
      return (out, value) => (value instanceof Uint8Array ? out.base64(value) : invalidType('bytes type:', value))
    case 'array':
      return compileArray(schema, settings)
    case 'map':
      return compileMap(schema, settings)
    case 'struct':
      break
  }
  return compileStruct(schema, settings)
}

function integerWriter(what: string, least: number, most: number): WriteNonNull {
  return (out, value) => {
    if (typeof value !== 'number' || value < least || value > most || !Number.isInteger(value)) invalidType(what, value)
    out.integer(value)
  }
}

function writeInt64(out: JsonWriter, value: Value): void {
  if (typeof value === 'number' && Number.isSafeInteger(value)) out.integer(value)
  else if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) out.ascii(String(value))
  else invalidType('INT64:', value)
}

const DAY_MS = 86_400_000
const writeTimeOfDay = integerWriter('Time, expected Date but was', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

function writeTime(out: JsonWriter, value: Value): void {
  if (typeof value === 'number' && (value < 0 || value > DAY_MS))
    throw new DataError('Kafka Connect Time type should not have any date fields set to non-zero values.')
  writeTimeOfDay(out, value)
}

function compileDecimal(schema: Schema, settings: JsonSettings): WriteNonNull {
  const scale = decimalScale(schema)
  return (out, value) => {
    if (typeof value !== 'string') invalidType('Decimal, expected BigDecimal but was', value)
    const decimal = readDecimal(value, scale)
    if (settings.decimalFormat === 'NUMERIC') {
      out.ascii(javaDecimal(decimal.unscaled, decimal.scale))
      return
    }
    if (decimal.scale !== scale) throw mismatch(decimal.scale, scale)
    out.base64(bigIntBytes(decimal.unscaled))
  }
}

function compileArray(schema: ArraySchema, settings: JsonSettings): WriteNonNull {
  const item = compileWriteJson(schema.items, settings)
  return (out, value) => {
    if (!Array.isArray(value)) invalidType('ARRAY:', value)
    const items = value as readonly Value[]
    out.byte(0x5b)
    let at = 0
    try {
      for (; at < items.length; at++) {
        if (at > 0) out.byte(COMMA)
        item(out, items[at])
      }
    } catch (error) {
      throw under(`[${at}]`, error)
    }
    out.byte(0x5d)
  }
}

/** String keys make an object, others a list of pairs. */
function compileMap(schema: MapSchema, settings: JsonSettings): WriteNonNull {
  const key = compileWriteJson(schema.keys, settings)
  const item = compileWriteJson(schema.values, settings)
  const asObject = schema.keys.type === 'string'
  // In an object a null key becomes the text null, as Jackson's `asText` makes of it.
  const nullKey = asObject && schema.keys.optional && (schema.keys.default ?? null) === null ? 'null' : null
  return (out, value) => {
    if (!(value instanceof Map)) invalidType('MAP:', value)
    out.byte(asObject ? 0x7b : 0x5b)
    let at = 0
    try {
      for (const [k, v] of value as ReadonlyMap<Value, Value>) {
        if (at > 0) out.byte(COMMA)
        if (!asObject) out.byte(0x5b)
        key(out, k ?? nullKey)
        out.byte(asObject ? COLON : COMMA)
        item(out, v)
        if (!asObject) out.byte(0x5d)
        at++
      }
    } catch (error) {
      throw under(`[entry ${at}]`, error)
    }
    out.byte(asObject ? 0x7d : 0x5d)
  }
}

/**
 * Walks the object and the fields side by side, which is fastest by far, for as long as the object has the schema's fields in
 * the schema's order; what is left after the first difference is looked up by name.
 */
function compileStruct(schema: StructSchema, settings: JsonSettings): WriteNonNull {
  const names = schema.fields.map((field) => field.name)
  const known = new Set(names)
  const count = names.length
  const writes = schema.fields.map((field) => compileWriteJson(field.schema, settings))
  const prefixes = names.map((name, index) => fieldPrefix(index === 0 ? '{' : ',', name))
  return (out, value) => {
    if (!isStruct(value)) invalidType('STRUCT:', value)
    let at = 0
    let inStep = true
    try {
      for (const name in value) {
        if (name !== names[at]) {
          inStep = false
          break
        }
        out.raw(prefixes[at]!)
        writes[at]!(out, value[name])
        at++
      }
      if (!inStep) rejectUnknown(value, known)
      for (; at < count; at++) {
        const name = names[at]!
        out.raw(prefixes[at]!)
        writes[at]!(out, Object.hasOwn(value, name) ? value[name] : null)
      }
    } catch (error) {
      throw under(`.${names[at] ?? ''}`, error)
    }
    if (count === 0) out.byte(0x7b)
    out.byte(0x7d)
  }
}

function rejectUnknown(value: StructValue, known: ReadonlySet<string>): void {
  for (const name of Object.keys(value))
    if (!known.has(name))
      throw new DataError(`${name} is not a valid field name`, {
        remedy: 'Leave it out, or give the schema a field of that name.',
      })
}

function isStruct(value: Value): value is StructValue {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Map)
}

function fieldPrefix(lead: string, name: string): Uint8Array {
  const out = new JsonWriter()
  out.begin()
  out.ascii(lead)
  out.string(name)
  out.byte(COLON)
  return Uint8Array.from(out.finish())
}

function invalidType(what: string, value: Value): never {
  throw new DataError(`Invalid type for ${what} class ${javaClass(value)}`, {
    remedy: 'Give a value of the type that the schema names; integers must be whole and within its range.',
  })
}
