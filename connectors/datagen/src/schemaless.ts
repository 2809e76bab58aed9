import type { StructValue, Value } from '@sluice/sdk'

/** A value as JSON without a schema has it: maps of texts are objects. */
export function withoutSchema(value: Value): Value {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return (value as readonly Value[]).map(withoutSchema)
  const entries =
    value instanceof Map ? [...(value as ReadonlyMap<Value, Value>)] : Object.entries(value as StructValue)
  if (!entries.every(([key]) => typeof key === 'string'))
    return new Map(entries.map(([key, item]) => [key, withoutSchema(item)]))
  return Object.fromEntries(entries.map(([key, item]) => [key as string, withoutSchema(item)]))
}
