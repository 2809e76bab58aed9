/** What is wrong with values, for formats that write them by a schema of their own. */
import { DataError, type Schema, type StructValue, type Value, ValueError } from '@sluice/sdk'
import { javaClass } from './java-class.ts'

export function invalid(schema: Schema, value: unknown): ValueError {
  return new ValueError(`Invalid type for ${schema.name ?? schema.type.toUpperCase()}: ${javaClass(value)}`, {
    remedy: 'Give a value of the type that the schema says.',
  })
}

/** @throws ValueError for what is no struct */
export function structOf(value: Value, schema: Schema): StructValue {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    value instanceof Map ||
    value instanceof Uint8Array
  )
    throw invalid(schema, value)
  return value as StructValue
}

export function nullForRequired(): DataError {
  return new DataError('Found null value for non-optional schema', {
    remedy: 'Give the value, or make its schema optional.',
  })
}
