import { DataError } from '@sluice/sdk'
import type { Schema, SinkRecord, Value } from '@sluice/sdk'

export interface FieldOfRecord {
  readonly value: Value
  /** Null where the record has no schema. */
  readonly schema: Schema | null
}

/**
 * The field of that name in a record's value; a name with points leads into structs. A field whose own name has points comes first.
 * @throws DataError when there is no such field
 */
export function fieldOfRecord(record: SinkRecord, name: string): FieldOfRecord {
  const whole = memberOf({ value: record.value, schema: record.valueSchema }, name)
  if (whole !== undefined) return whole
  let at: FieldOfRecord | undefined = { value: record.value, schema: record.valueSchema }
  for (const part of name.split('.')) at = at === undefined ? undefined : memberOf(at, part)
  if (at !== undefined) return at
  throw new DataError(`The value has no field ${JSON.stringify(name)}`, {
    place: {
      topic: record.originalTopic,
      partition: record.originalPartition,
      offset: record.originalOffset,
      field: name,
    },
    remedy: 'Name a field that every record has, or give it one with a transform.',
  })
}

function memberOf({ value, schema }: FieldOfRecord, name: string): FieldOfRecord | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array)
    return undefined
  if (value instanceof Map) {
    const map = value as ReadonlyMap<Value, Value>
    return map.has(name) ? { value: map.get(name)!, schema: schema?.type === 'map' ? schema.values : null } : undefined
  }
  const own = schema?.type === 'struct' ? schema.fields.find((field) => field.name === name)?.schema : undefined
  if (own === undefined && !Object.hasOwn(value, name)) return undefined
  return { value: (value as Readonly<Record<string, Value>>)[name] ?? null, schema: own ?? null }
}
