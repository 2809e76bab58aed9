/** Values of types that have no others in them, to JSON. */
import { DataError, decimalScale } from '@sluice/sdk'
import type { PrimitiveSchema, Value } from '@sluice/sdk'
import { javaDecimal } from '@sluice/sdk/values'
import { bigIntBytes, mismatch, readDecimal } from '../decimal.ts'
import { javaClass } from '../java-class.ts'
import { logicalType } from '../logical-type.ts'
import type { LogicalType } from '../logical-type.ts'
import type { JsonSettings } from './json-settings.ts'
import type { JsonWriter } from './json-writer.ts'

/** Writes a value other than null. */
export type WriteNonNull = (out: JsonWriter, value: Value) => void
type DecimalFormat = JsonSettings['decimalFormat']

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')

export function compileWriteScalar(schema: PrimitiveSchema, format: DecimalFormat): WriteNonNull {
  const logical = logicalType(schema)
  return logical === undefined ? compilePlain(schema) : compileLogical(schema, logical, format)
}

function compileLogical(schema: PrimitiveSchema, logical: LogicalType, format: DecimalFormat): WriteNonNull {
  switch (logical) {
    case 'decimal':
      return compileDecimal(schema, format)
    case 'date':
      return integerWriter('Date, expected Date but was', -(2 ** 31), 2 ** 31 - 1)
    case 'time':
      return writeTime
    case 'timestamp':
      break
  }
  return integerWriter('Timestamp, expected Date but was', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
}

function compilePlain(schema: PrimitiveSchema): WriteNonNull {
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
      break
  }
  return (out, value) => (value instanceof Uint8Array ? out.base64(value) : invalidType('bytes type:', value))
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

function compileDecimal(schema: PrimitiveSchema, format: DecimalFormat): WriteNonNull {
  const scale = decimalScale(schema)
  return (out, value) => {
    if (typeof value !== 'string') invalidType('Decimal, expected BigDecimal but was', value)
    const decimal = readDecimal(value, scale)
    if (format === 'NUMERIC') {
      out.ascii(javaDecimal(decimal.unscaled, decimal.scale))
      return
    }
    if (decimal.scale !== scale) throw mismatch(decimal.scale, scale)
    out.base64(bigIntBytes(decimal.unscaled))
  }
}

export function invalidType(what: string, value: Value): never {
  throw new DataError(`Invalid type for ${what} class ${javaClass(value)}`, {
    remedy: 'Give a value of the type that the schema names; integers must be whole and within its range.',
  })
}
