/**
 * What transforms do with fields. Without a schema an object is a plain object or a Map, and stays what it was; with one it is
 * a struct, a plain object.
 */
import { DataError } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Value } from '@sluice/sdk'
import { javaClass, javaClassOf } from './java-class.ts'

/** An object without a schema. */
export type Fields = StructValue | ReadonlyMap<Value, Value>

/** @throws DataError in Connect's words (`Requirements.requireMap`) when it is no object */
export function requireMap(value: Value, purpose: string): Fields {
  if (isFields(value)) return value
  throw new DataError(`Only Map objects supported in absence of schema for [${purpose}], found: ${javaClass(value)}`)
}

/** @throws DataError in Connect's words (`Requirements.requireStruct`) when it is no struct, or null */
export function requireStruct(schema: Schema, value: Value, purpose: string): [StructSchema, StructValue] {
  if (schema.type !== 'struct' || !isFields(value) || value instanceof Map)
    throw new DataError(`Only Struct objects supported for [${purpose}], found: ${javaClassOf(schema, value)}`)
  return [schema, value as StructValue]
}

/** @throws DataError in Connect's words (`ConnectSchema.fields`) for a schema that is no struct's */
export function assertHasFields(schema: Schema): asserts schema is StructSchema {
  if (schema.type !== 'struct') throw new DataError('Cannot list fields on non-struct type')
}

export function isFields(value: Value): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** A field's value; null where it is missing. */
export function fieldValue(fields: Fields, name: string): Value {
  if (fields instanceof Map) return (fields as ReadonlyMap<Value, Value>).get(name) ?? null
  return Object.hasOwn(fields, name) ? ((fields as StructValue)[name] ?? null) : null
}

/** Names and values, in order; names of a Map that are no strings are left out of what transforms can name. */
export function entriesOf(fields: Fields): Iterable<readonly [Value, Value]> {
  return fields instanceof Map ? (fields as ReadonlyMap<Value, Value>) : Object.entries(fields as StructValue)
}

/** A new object of the same kind: from entries, a later one of the same name wins. */
export function likewise(fields: Fields, entries: Iterable<readonly [Value, Value]>): Value {
  if (fields instanceof Map) return new Map(entries)
  return Object.fromEntries(entries as Iterable<readonly [string, Value]>)
}

/** A copy, to set fields in by `put`. */
export function copyOf(fields: Fields): MutableFields {
  return fields instanceof Map ? new Map(fields as ReadonlyMap<Value, Value>) : { ...(fields as StructValue) }
}

export type MutableFields = Record<string, Value> | Map<Value, Value>

export function put(fields: MutableFields, name: string, value: Value): void {
  if (fields instanceof Map) fields.set(name, value)
  else setField(fields, name, value)
}

/**
 * Copies objects with some fields renamed or left out; one in which nothing is, is handed back itself. The names of the object
 * before are remembered, because those of one topic mostly have the same: the new ones are then not looked up again.
 * @param target the new name; undefined leaves a field out
 */
export function fieldMover(target: (name: string) => string | undefined): (fields: StructValue) => StructValue {
  let names: readonly string[] = []
  let targets: readonly (string | undefined)[] = []
  let isTouched = false
  const learn = (fields: StructValue): void => {
    names = Object.keys(fields)
    targets = names.map(target)
    isTouched = names.some((name, at) => targets[at] !== name)
  }
  const isKnown = (fields: StructValue): boolean => {
    let at = 0
    for (const name in fields) if (name !== names[at++]) return false
    return at === names.length
  }
  return (fields) => {
    if (!isKnown(fields)) learn(fields)
    if (!isTouched) return fields
    const moved: Record<string, Value> = {}
    let at = 0
    for (const name in fields) {
      const to = targets[at++]
      if (to !== undefined) setField(moved, to, fields[name]!)
    }
    return moved
  }
}

/** Sets a field, whatever its name: `__proto__` is one like any other. */
export function setField(object: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  else object[name] = value
}
