/**
 * What an expression is given of a record. CEL tells ints (bigint in JavaScript) from doubles (number): where a schema says that
 * a number is an int, it is made one, and only where the expression reads it. Without a schema everything is handed over as it is.
 */
import type { Schema, SchemaType } from '@sluice/sdk'
import type { Need } from './expression-guards.ts'
import type { ExpressionSchemas } from './expression.ts'
import { compilePath, type ReadField } from './field-path.ts'
import type { JudgedRecord } from './record.ts'

/** The variables of an expression. */
export type Variable = 'value' | 'key' | 'timestamp' | 'topic'

type Convert = (value: unknown) => unknown

/** A function that prepares the variables. It hands out the same object every time: it is read before the next record. */
export function inputOf(
  needs: ReadonlyMap<string, Need>,
  schemas: ExpressionSchemas,
  sizeMax: number,
): (record: JudgedRecord) => Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = { value: null, key: null, timestamp: null, topic: null }
  const fill: ((record: JudgedRecord) => void)[] = []
  const valueNeed = needs.get('value')
  if (valueNeed !== undefined) {
    const convert = converter(valueNeed, schemas.value)
    fill.push((record) => void (input['value'] = convert(record.value)))
  }
  const keyNeed = needs.get('key')
  if (keyNeed !== undefined) {
    const convert = converter(keyNeed, schemas.key)
    fill.push((record) => void (input['key'] = convert(record.key)))
  }
  if (needs.has('timestamp')) fill.push((record) => void (input['timestamp'] = toInt(record.timestamp)))
  if (needs.has('topic')) fill.push((record) => void (input['topic'] = record.topic ?? null))
  if (sizeMax !== Infinity) {
    const reads = leaves(needs)
    fill.unshift((record) => {
      let left = sizeMax
      for (const read of reads) left = measure(read(record), left, sizeMax)
    })
  }
  return (record) => {
    for (const part of fill) part(record)
    return input
  }
}

function same(value: unknown): unknown {
  return value
}

/** Converts what is needed of a container; what is not needed is left out where the schema lets us build the rest. */
function converter(need: Need, schema: Schema | null): Convert {
  if (need.whole || schema === null || schema.type !== 'struct') return convertAll(schema)
  const members = schema.fields
    .filter(({ name }) => need.members.has(name))
    .map((field) => ({ name: field.name, convert: converter(need.members.get(field.name)!, field.schema) }))
  if (members.every(({ convert }) => convert === same)) return same
  return structConverter(members)
}

/** Converts everything below a schema. */
function convertAll(schema: Schema | null): Convert {
  if (schema === null) return same
  if (INTS.has(schema.type)) return toInt
  if (schema.type === 'array') {
    const item = convertAll(schema.items)
    return item === same ? same : (value) => (Array.isArray(value) ? value.map((entry) => item(entry)) : value)
  }
  if (schema.type === 'map') {
    const [key, member] = [convertAll(schema.keys), convertAll(schema.values)]
    if (key === same && member === same) return same
    return (value) => (value instanceof Map ? new Map([...value].map(([k, v]) => [key(k), member(v)])) : value)
  }
  if (schema.type !== 'struct') return same
  const members = schema.fields.map(({ name, schema: field }) => ({ name, convert: convertAll(field) }))
  return members.every(({ convert }) => convert === same) ? same : structConverter(members)
}

const INTS: ReadonlySet<SchemaType> = new Set(['int8', 'int16', 'int32', 'int64'])

function structConverter(fields: readonly { readonly name: string; readonly convert: Convert }[]): Convert {
  // Copying a field of this name would set the copy's prototype; CEL cannot select it by name anyway.
  const members = fields.filter(({ name }) => name !== '__proto__')
  return (value) => {
    if (typeof value !== 'object' || value === null) return value
    const converted: Record<string, unknown> = {}
    for (const { name, convert } of members) {
      if (Object.hasOwn(value, name)) converted[name] = convert((value as Readonly<Record<string, unknown>>)[name])
    }
    return converted
  }
}

function toInt(value: unknown): unknown {
  if (typeof value !== 'number') return value
  if (!Number.isSafeInteger(value)) throw new RangeError('an int of the schema is no whole number')
  return BigInt(value)
}

/** Readers of everything that is needed whole. */
function leaves(needs: ReadonlyMap<string, Need>): ReadField[] {
  const reads: ReadField[] = []
  const collect = (root: 'value' | 'key', names: readonly string[], need: Need): void => {
    if (need.whole) reads.push(compilePath({ root, names }))
    else for (const [name, member] of need.members) collect(root, [...names, name], member)
  }
  for (const root of ['value', 'key'] as const) {
    const need = needs.get(root)
    if (need !== undefined) collect(root, [], need)
  }
  return reads
}

/** What is left of a budget of list entries and characters. @throws when nothing is */
function measure(value: unknown, budget: number, sizeMax: number): number {
  let left = budget
  if (typeof value === 'string') left -= value.length
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    const parts: Iterable<unknown> = Array.isArray(value)
      ? value
      : value instanceof Map
        ? value.values()
        : Object.values(value)
    for (const part of parts) {
      left = measure(part, left - 1, sizeMax)
    }
  }
  if (left < 0)
    throw new RangeError(`the record holds more than ${sizeMax} list entries and characters for the expression to read`)
  return left
}
