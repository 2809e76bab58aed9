/** JSON trees to values of a schema: one small function per schema, put together once. */
import { DataError, decimalScale, ValueError } from '@sluice/sdk'
import type { ArraySchema, MapSchema, Schema, StructSchema, StructValue, Value } from '@sluice/sdk'
import { bigIntOf, decimalText, rescale } from '../decimal.ts'
import { logicalType } from '../logical-type.ts'
import type { LogicalType } from '../logical-type.ts'
import { under } from '../value-path.ts'
import { base64Bytes } from './base64-bytes.ts'
import { INEXACT } from './inexact.ts'
import { isJsonObject, JsonNumber, longValue, member, nodeType, notFitting, setMember } from './json-node.ts'
import type { JsonNode } from './json-node.ts'
import type { JsonSettings } from './json-settings.ts'
import { readSchemaless } from './schemaless-reading.ts'

/**
 * Reads a node; undefined is one that is missing. The tree is the reader's: it may become the value.
 * Like Connect, it is lenient: a text read as a number is 0, members that the schema does not know are left out.
 * @throws DataError for a node that does not fit the schema
 * @throws INEXACT when the node comes from `JSON.parse` and digits were lost that the schema asks for
 */
export type ReadJson = (node: JsonNode | undefined) => Value

/** The reader of a schema. */
export function compileReadJson(schema: Schema | null, settings: JsonSettings): ReadJson {
  if (schema === null) return (node) => readSchemaless(node, 0, settings.integerOverflow)
  const read = compileNonNull(schema, settings)
  const fallback = settings.replaceNullWithDefault ? (schema.default ?? null) : null
  if (fallback === null && !schema.optional)
    return (node) => {
      if (node === null || node === undefined)
        throw new DataError(`Invalid null value for required ${schema.type.toUpperCase()} field`)
      return read(node)
    }
  return (node) => (node === null || node === undefined ? fallback : read(node))
}

function compileNonNull(schema: Schema, settings: JsonSettings): (node: JsonNode) => Value {
  const logical = logicalType(schema)
  return logical === undefined ? compilePlain(schema, settings) : compileLogical(schema, logical)
}

function compileLogical(schema: Schema, logical: LogicalType): (node: JsonNode) => Value {
  switch (logical) {
    case 'decimal':
      return (node) => readDecimal(schema, node)
    case 'date':
      return (node) => readWhole(node, 32, 'Date', 'integer')
    case 'time':
      return readTime
    case 'timestamp':
      break
  }
  return (node) => readWhole(node, 64, 'Timestamp', 'integral')
}

function compilePlain(schema: Schema, settings: JsonSettings): (node: JsonNode) => Value {
  const bits = settings.integerOverflow === 'fail' ? INTEGER_BITS.get(schema.type) : undefined
  if (bits !== undefined) return (node) => readFitting(node, bits)
  switch (schema.type) {
    case 'int8':
      return (node) => (isSmall(node) ? (node << 24) >> 24 : Number(BigInt.asIntN(8, readLong(node))))
    case 'int16':
      return (node) => (isSmall(node) ? (node << 16) >> 16 : Number(BigInt.asIntN(16, readLong(node))))
    case 'int32':
      return (node) => (isSmall(node) ? node | 0 : Number(BigInt.asIntN(32, readLong(node))))
    case 'int64':
      return (node) => (isSmall(node) ? Math.trunc(node) + 0 : longValue(readLong(node)))
    case 'float32':
      return (node) => Math.fround(readDouble(node))
    case 'float64':
      return readDouble
    case 'boolean':
      return (node) => node === true
    case 'string':
      return (node) => (typeof node === 'string' ? node : null)
    case 'bytes':
      return readBytes
    case 'array':
      return compileArray(schema, settings)
    case 'map':
      return compileMap(schema, settings)
    case 'struct':
      break
  }
  return compileStruct(schema, settings)
}

const INTEGER_BITS: ReadonlyMap<Schema['type'], number> = new Map([
  ['int8', 8],
  ['int16', 16],
  ['int32', 32],
  ['int64', 64],
])

/** An integer of so many bits, its fraction cut off; of another node 0, as when it may wrap. */
function readFitting(node: JsonNode, bits: number): Value {
  if (node instanceof JsonNumber) return longValue(node.toFitting(bits))
  if (typeof node !== 'number') return 0
  if (!isSmall(node)) throw INEXACT
  const whole = Math.trunc(node) + 0
  const limit = 2 ** (bits - 1)
  if (whole < -limit || whole >= limit) throw notFitting(String(node), bits)
  return whole
}

/** Whether it is a number of `JSON.parse` whose whole part is exact. */
function isSmall(node: JsonNode): node is number {
  return typeof node === 'number' && node <= Number.MAX_SAFE_INTEGER && node >= Number.MIN_SAFE_INTEGER
}

/** The 64-bit integer of any other node. */
function readLong(node: JsonNode): bigint {
  if (typeof node === 'number') throw INEXACT
  return node instanceof JsonNumber ? node.toLong() : 0n
}

function readDouble(node: JsonNode): number {
  // Java reads −0 as 0.
  if (typeof node === 'number') return node + 0
  return node instanceof JsonNumber ? node.toNumber() : 0
}

function readBytes(node: JsonNode): Uint8Array | null {
  if (typeof node !== 'string') return null
  const bytes = base64Bytes(node)
  if (bytes === undefined)
    throw new DataError('Invalid bytes field', { remedy: 'Bytes in JSON are base64 with padding.' })
  return bytes
}

function readDecimal(schema: Schema, node: JsonNode): string {
  if (typeof node === 'number') throw INEXACT
  if (node instanceof JsonNumber) return decimalText(rescale(node.toDecimal(), decimalScale(schema)))
  if (typeof node !== 'string')
    throw new DataError(
      'Invalid type for Decimal, underlying representation should be numeric or bytes but was ' + nodeType(node),
    )
  try {
    const bytes = readBytes(node)
    return decimalText({ unscaled: bigIntOf(bytes ?? new Uint8Array()), scale: decimalScale(schema) })
  } catch (cause) {
    throw new DataError('Invalid bytes for Decimal field', { cause })
  }
}

function readWhole(node: JsonNode, bits: 32 | 64, logical: string, what: string): number {
  const limit = bits === 32 ? 2 ** 31 : Number.MAX_SAFE_INTEGER
  const value = node instanceof JsonNumber && node.isIntegral ? Number(node.text) : node
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -limit || value >= limit)
    throw new DataError(
      `Invalid type for ${logical}, underlying representation should be ${what} but was ${nodeType(node)}`,
    )
  return value + 0
}

const DAY_MS = 86_400_000

function readTime(node: JsonNode): number {
  const value = readWhole(node, 32, 'Time', 'integer')
  if (value < 0 || value > DAY_MS)
    throw new DataError('Time values must use number of milliseconds greater than 0 and less than 86400000')
  return value
}

function compileArray(schema: ArraySchema, settings: JsonSettings): (node: JsonNode) => Value {
  const item = compileReadJson(schema.items, settings)
  return (node) => {
    // As in Connect: an object gives its members, anything else nothing.
    const items = Array.isArray(node) ? node : isJsonObject(node) ? Object.values(node) : []
    const values: Value[] = []
    try {
      for (const each of items) values.push(item(each))
    } catch (error) {
      throw under(`[${values.length}]`, error)
    }
    return values
  }
}

function compileMap(schema: MapSchema, settings: JsonSettings): (node: JsonNode) => Value {
  const key = compileReadJson(schema.keys, settings)
  const item = compileReadJson(schema.values, settings)
  if (schema.keys.type === 'string')
    return (node) => {
      if (!isJsonObject(node))
        throw new DataError(`Maps with string fields should be encoded as JSON objects, but found ${nodeType(node)}`)
      const values = new Map<Value, Value>()
      for (const name of Object.keys(node))
        try {
          values.set(name, item(node[name]))
        } catch (error) {
          throw under(`.${name}`, error)
        }
      return values
    }
  return (node) => {
    if (!Array.isArray(node))
      throw new DataError(
        `Maps with non-string fields should be encoded as JSON array of tuples, but found ${nodeType(node)}`,
      )
    const values = new Map<Value, Value>()
    for (const entry of node) {
      if (!Array.isArray(entry))
        throw new DataError(`Found invalid map entry instead of array tuple: ${nodeType(entry)}`)
      if (entry.length !== 2)
        throw new DataError(`Found invalid map entry, expected length 2 but found :${entry.length}`)
      values.set(key(entry[0]), item(entry[1]))
    }
    return values
  }
}

/**
 * Walks the members and the fields side by side and turns the parsed object itself into the value, for as long as the two agree
 * in names and order; otherwise a new object is made, field by field.
 */
function compileStruct(schema: StructSchema, settings: JsonSettings): (node: JsonNode) => Value {
  const names = schema.fields.map((field) => field.name)
  const required = schema.fields.map((field) => !field.schema.optional)
  const reads = schema.fields.map((field) => compileReadJson(field.schema, settings))
  const count = names.length
  const readField = (at: number, node: JsonNode | undefined): Value => {
    const value = reads[at]!(node)
    if (value === null && required[at] === true) rejectNull(schema, at)
    return value
  }
  return (node) => {
    if (!isJsonObject(node))
      throw new DataError(`Structs should be encoded as JSON objects, but found ${nodeType(node)}`)
    const struct = node as Record<string, JsonNode | Value>
    let at = 0
    let inStep = true
    try {
      for (const name in node) {
        if (name !== names[at]) {
          inStep = false
          break
        }
        const found = node[name]
        const value = readField(at, found)
        if (value !== found) setMember(struct, name, value)
        at++
      }
      if (inStep && at === count) return struct as StructValue
      const done = at
      const rebuilt: Record<string, Value> = {}
      for (at = 0; at < count; at++) {
        const name = names[at]!
        setMember(rebuilt, name, at < done ? (struct[name] as Value) : readField(at, member(node, name)))
      }
      return rebuilt
    } catch (error) {
      throw under(`.${names[at] ?? ''}`, error)
    }
  }
}

function rejectNull(schema: StructSchema, at: number): never {
  const { name, schema: field } = schema.fields[at]!
  throw new ValueError(
    `Invalid value: null used for required field: "${name}", schema type: ${field.type.toUpperCase()}`,
  )
}
