/** One value to another primitive type, as Java converts it: for Connect's Cast. */
import { DataError, LOGICAL } from '@sluice/sdk'
import type { PrimitiveType, Schema, Value } from '@sluice/sdk'
import { instantText, javaDouble, javaFloat } from '@sluice/sdk/values'
import { javaClassOf } from './java-class.ts'
import { longValue, parseDouble, parseInteger, decimalText, saturated } from './java-number.ts'

export type CastType = Exclude<PrimitiveType, 'bytes'>

export const CAST_TYPES: readonly CastType[] = [
  'int8',
  'int16',
  'int32',
  'int64',
  'float32',
  'float64',
  'boolean',
  'string',
]

/** A cast to a type; null stays null. @throws DataError for a value that has no such form */
export function castTo(type: CastType): (schema: Schema | null, value: Value) => Value {
  const cast = CASTS[type]
  return (schema, value) => {
    if (value === null || value === undefined) return null
    assertCastable(schema, value)
    return cast(schema, value)
  }
}

const CASTS: Readonly<Record<CastType, (schema: Schema | null, value: Value) => Value>> = {
  int8: (schema, value) => Number(BigInt.asIntN(8, integer(schema, value, 8))),
  int16: (schema, value) => Number(BigInt.asIntN(16, integer(schema, value, 16))),
  int32: (schema, value) => Number(BigInt.asIntN(32, integer(schema, value, 32))),
  int64: (schema, value) => longValue(BigInt.asIntN(64, integer(schema, value, 64))),
  float32: (schema, value) => Math.fround(double(schema, value)),
  float64: double,
  boolean: toBoolean,
  string: toText,
}

function assertCastable(schema: Schema | null, value: Value): void {
  const type = schema?.type ?? schemalessType(value)
  if (type !== 'array' && type !== 'map' && type !== 'struct') return
  const supported = [...CAST_TYPES, 'bytes'].map((name) => name.toUpperCase()).join(', ')
  throw new DataError(
    `Cast transformation does not support casting from ${type.toUpperCase()}; supported types are [${supported}]`,
  )
}

function schemalessType(value: Value): 'array' | 'map' | undefined {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'object' && !(value instanceof Uint8Array) ? 'map' : undefined
}

/** Java's `intValue` or `longValue`, of which the caller takes the lower bits. */
function integer(schema: Schema | null, value: Value, bits: 8 | 16 | 32 | 64): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number') return wholeNumber(schema, value, bits)
  if (typeof value !== 'string') throw unexpected(schema, value)
  if (isDecimal(schema)) return BigInt(value.replace(/\..*$/, ''))
  const parsed = parseInteger(value, bits)
  if (parsed === undefined) throw outOfRange(value)
  return parsed
}

function wholeNumber(schema: Schema | null, value: number, bits: 8 | 16 | 32 | 64): bigint {
  // Java narrows a long by its bits and a double by its limits. What is whole is taken for a long where no schema tells.
  const isDouble = schema === null ? !Number.isSafeInteger(value) : schema.type.startsWith('float')
  return isDouble ? saturated(value, bits === 64 ? 64 : 32) : BigInt(value)
}

function double(schema: Schema | null, value: Value): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string') throw unexpected(schema, value)
  const parsed = parseDouble(value)
  if (parsed === undefined) throw outOfRange(value)
  return parsed
}

function toBoolean(schema: Schema | null, value: Value): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' && !isDecimal(schema)) return value.toLowerCase() === 'true'
  return BigInt.asIntN(64, integer(schema, value, 64)) !== 0n
}

function toText(schema: Schema | null, value: Value): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'string') return isDecimal(schema) ? decimalText(value) : value
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value !== 'number') throw unexpected(schema, value)
  if (schema?.type === 'float64') return javaDouble(value)
  if (schema?.type === 'float32') return javaFloat(value)
  if (schema?.name === LOGICAL.date) return instantText(value * DAY_MS)
  if (schema?.name === LOGICAL.time || schema?.name === LOGICAL.timestamp) return instantText(value)
  return Number.isSafeInteger(value) ? String(value) : javaDouble(value)
}

const DAY_MS = 86_400_000

function isDecimal(schema: Schema | null): boolean {
  return schema !== null && schema.name === LOGICAL.decimal && schema.type === 'bytes'
}

function unexpected(schema: Schema | null, value: Value): DataError {
  return new DataError(`Unexpected type in Cast transformation: class ${javaClassOf(schema, value)}`)
}

function outOfRange(value: string): DataError {
  return new DataError(`Value (${value}) was out of range for requested data type`, {
    remedy: 'Cast only texts that are numbers, without blanks, and that fit the type.',
  })
}
