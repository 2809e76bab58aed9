/** Values without a schema: Confluent's record `Anything`, which holds a value of any type, lists and maps of such records. */
import { DataError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { isPlainObject, javaClass } from '../java-class.ts'
import type { AvroInput } from './avro-input.ts'
import type { AvroOutput } from './avro-output.ts'
import { ANYTHING, MAP_ENTRY, NAMESPACE, splitName } from './avro-names.ts'

const DEPTH_MAX = 1000

const SCALARS = ['boolean', 'bytes', 'double', 'float', 'int', 'long', 'string'] as const
const FIELDS = [...SCALARS, 'array', 'map'] as const
type FieldName = (typeof FIELDS)[number]

const { name: NAME } = splitName(ANYTHING)
const optional = (name: string, type: unknown): unknown => ({ name, type: ['null', type], default: null })

export const ANYTHING_TEXT: string = JSON.stringify({
  type: 'record',
  name: NAME,
  namespace: NAMESPACE,
  fields: [
    ...SCALARS.map((type) => optional(type, type)),
    optional('array', { type: 'array', items: NAME }),
    optional('map', {
      type: 'array',
      items: {
        type: 'record',
        name: MAP_ENTRY,
        fields: [
          { name: 'key', type: NAME },
          { name: 'value', type: NAME },
        ],
      },
    }),
  ],
})

/** @throws DataError for what is no value, and for more than 1,000 levels */
export function writeAnything(out: AvroOutput, value: Value, depth = 0): void {
  if (depth > DEPTH_MAX) throw new DataError(`The value is more than ${DEPTH_MAX} levels deep`)
  const found = value === null || value === undefined ? undefined : fieldOf(value)
  for (const field of FIELDS) {
    out.byte(field === found ? 2 : 0)
    if (field === found) writeField(out, field, value, depth)
  }
}

function fieldOf(value: Exclude<Value, null>): FieldName {
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'long' : 'double'
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return 'long'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Map || (typeof value === 'object' && isPlainObject(value))) return 'map'
  throw new DataError(`Conversion error: no Avro form for a value of ${javaClass(value)} without a schema`)
}

function writeField(out: AvroOutput, field: FieldName, value: Value, depth: number): void {
  switch (field) {
    case 'boolean':
      return out.byte(value === true ? 1 : 0)
    case 'bytes':
      return out.bytes(value as Uint8Array)
    case 'string':
      return out.string(value as string)
    case 'long':
      return typeof value === 'bigint' ? out.long(value) : out.int(value as number)
    case 'array': {
      const items = value as readonly Value[]
      if (items.length > 0) out.int(items.length)
      for (const item of items) writeAnything(out, item, depth + 1)
      return out.byte(0)
    }
    case 'map': {
      const entries = value instanceof Map ? [...(value as ReadonlyMap<Value, Value>)] : Object.entries(value as object)
      if (entries.length > 0) out.int(entries.length)
      for (const [key, item] of entries as readonly (readonly [Value, Value])[]) {
        writeAnything(out, key, depth + 1)
        writeAnything(out, item, depth + 1)
      }
      return out.byte(0)
    }
    case 'int':
    case 'float':
    case 'double':
      return out.double(value as number)
  }
}

/** A map whose keys are all texts is a plain object, as in JSON. */
export function readAnything(input: AvroInput, depth = 0): Value {
  if (depth > DEPTH_MAX) throw new DataError(`The Avro value is more than ${DEPTH_MAX} levels deep`)
  let value: Value = null
  for (const field of FIELDS) {
    const branch = input.int()
    if (branch === 0) continue
    if (branch !== 1) throw new DataError(`The Avro union has 2 branches, and none with the index ${branch}`)
    value = readField(input, field, depth)
  }
  return value
}

function readField(input: AvroInput, field: FieldName, depth: number): Value {
  if (field !== 'array' && field !== 'map') return input[field]()
  const items: Value[] = []
  for (let count = input.block(false, 0); count > 0; count = input.block(false, 0))
    for (let i = 0; i < count; i++) {
      items.push(readAnything(input, depth + 1))
      if (field === 'map') items.push(readAnything(input, depth + 1))
    }
  return field === 'array' ? items : mapOf(items)
}

function mapOf(items: readonly Value[]): Value {
  const entries: (readonly [Value, Value])[] = []
  for (let i = 0; i < items.length; i += 2) entries.push([items[i]!, items[i + 1]!])
  return entries.every(([key]) => typeof key === 'string')
    ? Object.fromEntries(entries as readonly (readonly [string, Value])[])
    : new Map(entries)
}
