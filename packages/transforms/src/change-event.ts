/** Change events in Debezium's envelope: `{before, after, source, transaction, op, ts_ms}`. */
import { fieldOf } from '@sluice/sdk'
import type { ConnectRecord, Schema, StructSchema, StructValue, Value } from '@sluice/sdk'
import { fieldValue, isFields } from './fields.ts'
import type { Fields } from './fields.ts'

/** An envelope; its schema is null where it came from JSON without schemas. */
export interface ChangeEvent {
  readonly schema: StructSchema | null
  readonly value: Fields
  /** c, r (snapshot), u, d, t (truncate) or m (message). */
  readonly op: string
}

/** The Java names of a transform that Debezium ships. */
export function debeziumNames(className: string, folder = ''): readonly string[] {
  return [`io.debezium.transforms.${folder}${className}`, className]
}

/**
 * The change event that a record is; undefined for heartbeats, transaction marks, tombstones and whatever else is on the way.
 * With a schema its name says so, as to Debezium; without one (where Debezium lets everything pass) its fields do.
 */
export function changeEvent({ valueSchema, value }: ConnectRecord): ChangeEvent | undefined {
  if (!isFields(value)) return undefined
  if (valueSchema === null) {
    const isEnvelope = isFields(fieldValue(value, 'source')) && (hasField(value, 'after') || hasField(value, 'before'))
    return isEnvelope ? eventOf(null, value) : undefined
  }
  return isEnvelopeSchema(valueSchema) ? eventOf(valueSchema, value) : undefined
}

export function isEnvelopeSchema(schema: Schema): schema is StructSchema {
  return schema.type === 'struct' && schema.name !== undefined && schema.name.endsWith('Envelope')
}

function eventOf(schema: StructSchema | null, value: Fields): ChangeEvent | undefined {
  const op = fieldValue(value, 'op')
  return typeof op === 'string' ? { schema, value, op } : undefined
}

function hasField(fields: Fields, name: string): boolean {
  return fields instanceof Map ? fields.has(name) : Object.hasOwn(fields, name)
}

/** A field's schema, where there are schemas. */
export function schemaAt(schema: Schema | null, name: string): Schema | null {
  return schema === null ? null : (fieldOf(schema, name)?.schema ?? null)
}

/** A field of an object that may be null. */
export function valueOf(fields: Value, name: string): Value {
  return isFields(fields) ? fieldValue(fields, name) : null
}

/** An object as a plain one: what structs are. */
export function plain(fields: Fields): StructValue {
  return fields instanceof Map ? (Object.fromEntries(fields) as StructValue) : (fields as StructValue)
}
