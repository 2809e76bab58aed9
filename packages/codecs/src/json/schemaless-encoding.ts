/** Values without a schema to JSON text. */
import { DataError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { isPlainObject, javaClass } from '../java-class.ts'
import { under } from '../value-path.ts'
import type { JsonWriter } from './json-writer.ts'

/** As Jackson: deeper than this is an error, a circle included. */
const MAX_DEPTH = 1000

const NULL = Buffer.from('null')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const COMMA = 0x2c
const COLON = 0x3a

/**
 * Writes a value by its JavaScript type. A whole number is an integer; any other is written as Java prints a double.
 * A Map whose keys are all strings becomes an object, another one a list of pairs.
 * @throws DataError for what no Connect type exists for
 */
export function writeSchemaless(out: JsonWriter, value: Value | undefined, depth: number): void {
  if (typeof value === 'string') out.string(value)
  else if (typeof value === 'number') writeNumber(out, value)
  else if (value === null || value === undefined) out.raw(NULL)
  else if (typeof value === 'boolean') out.raw(value ? TRUE : FALSE)
  else if (typeof value === 'bigint') writeBigint(out, value)
  else if (typeof value !== 'object') noType(value)
  else if (value instanceof Uint8Array) out.base64(value)
  else if (depth >= MAX_DEPTH)
    throw new DataError(`Document nesting depth (${depth + 1}) exceeds the maximum allowed (${MAX_DEPTH})`)
  else if (Array.isArray(value)) writeArray(out, value as readonly Value[], depth + 1)
  else if (value instanceof Map) writeMap(out, value as ReadonlyMap<Value, Value>, depth + 1)
  else if (isPlainObject(value)) writeObject(out, value as Readonly<Record<string, Value>>, depth + 1)
  else noType(value)
}

function writeNumber(out: JsonWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.integer(value)
  else out.double(value)
}

function writeBigint(out: JsonWriter, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) noType(value)
  out.ascii(String(value))
}

function writeArray(out: JsonWriter, items: readonly Value[], depth: number): void {
  out.byte(0x5b)
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out.byte(COMMA)
    try {
      writeSchemaless(out, items[i], depth)
    } catch (error) {
      throw under(`[${i}]`, error)
    }
  }
  out.byte(0x5d)
}

function writeObject(out: JsonWriter, value: Readonly<Record<string, Value>>, depth: number): void {
  out.byte(0x7b)
  let first = true
  for (const name in value) {
    if (!first) out.byte(COMMA)
    first = false
    out.string(name)
    out.byte(COLON)
    try {
      writeSchemaless(out, value[name], depth)
    } catch (error) {
      throw under(`.${name}`, error)
    }
  }
  out.byte(0x7d)
}

function writeMap(out: JsonWriter, value: ReadonlyMap<Value, Value>, depth: number): void {
  let asObject = true
  for (const key of value.keys()) if (typeof key !== 'string') asObject = false
  out.byte(asObject ? 0x7b : 0x5b)
  let first = true
  for (const [key, item] of value) {
    if (!first) out.byte(COMMA)
    first = false
    if (!asObject) out.byte(0x5b)
    writeSchemaless(out, key, depth)
    out.byte(asObject ? COLON : COMMA)
    writeSchemaless(out, item, depth)
    if (!asObject) out.byte(0x5d)
  }
  out.byte(asObject ? 0x7d : 0x5d)
}

function noType(value: unknown): never {
  throw new DataError(`Java class class ${javaClass(value)} does not have corresponding schema type.`, {
    remedy: 'Give the value a schema, or one of the types that a value without schema can have.',
  })
}
