/** How large a record is, roughly, by the weights that Debezium gives to what Java makes of it: for limits, not for memory. */
import type { Schema, SourceRecord, Value } from '@sluice/sdk'
import { fieldValue, isFields } from './fields.ts'

const STRUCT = 56
const TEXT = 56
const BYTES = 24
const ARRAY = 64
const MAP = 88
const SCALAR = 24
const REFERENCE = 8
const ENTRY = 100

/** Bytes; a character counts as one. */
export function approximateSize(record: SourceRecord): number {
  const { sourcePartition, sourcePosition, headers, topic, keySchema, key, valueSchema, value } = record
  const entries = Object.keys(sourcePartition).length + Object.keys(sourcePosition).length + (headers?.length ?? 0)
  return entries * ENTRY + REFERENCE + topic.length + sizeOf(keySchema, key) + sizeOf(valueSchema, value)
}

function sizeOf(schema: Schema | null, value: Value): number {
  if (schema === null) return 0
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? TEXT + value.length : 0
    case 'bytes':
      return typeof value === 'string' || value instanceof Uint8Array ? BYTES + value.length : 0
    case 'struct': {
      if (!isFields(value)) return 0
      let size = STRUCT
      for (const field of schema.fields) size += REFERENCE + sizeOf(field.schema, fieldValue(value, field.name))
      return size
    }
    case 'array': {
      if (!Array.isArray(value)) return 0
      let size = ARRAY
      for (const item of value as readonly Value[]) size += REFERENCE + sizeOf(schema.items, item)
      return size
    }
    case 'map': {
      if (!(value instanceof Map)) return 0
      let size = MAP
      for (const [key, item] of value as ReadonlyMap<Value, Value>)
        size += 2 * REFERENCE + sizeOf(schema.keys, key) + sizeOf(schema.values, item)
      return size
    }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'float32':
    case 'float64':
    case 'boolean':
      break
  }
  return SCALAR
}
