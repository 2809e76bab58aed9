/**
 * JSON as people write it, for values of a schema. The JSON converter is as lenient as Kafka Connect's (a text read as a number is 0, a
 * mistyped member is left out); here what does not fit is an error.
 */
import { DataError } from '@sluice/sdk'
import type { MapSchema, Schema, StructSchema, Value } from '@sluice/sdk'
import { logicalType } from '../logical-type.ts'
import { located, under } from '../value-path.ts'
import { isJsonObject, JsonNumber, member, nodeType } from './json-node.ts'
import type { JsonNode } from './json-node.ts'
import { parseExactly } from './json-parser.ts'
import { compileReadJson } from './json-reading.ts'
import { parseJsonSettings } from './json-settings.ts'

const SETTINGS = parseJsonSettings({ 'schemas.enable': 'false', 'integer.overflow': 'fail' })

/**
 * Reads the text of a value in the form that the JSON converter writes without envelopes: bytes as base64, maps whose keys are no texts as
 * pairs, times as numbers; decimals as numbers, or as the bytes of Connect. Members may be missing that are optional or have a default.
 * @param schema null: any JSON will do
 * @throws DataError that names the place in the value
 */
export function typedJsonReader(schema: Schema | null): (text: string) => Value {
  const read = compileReadJson(schema, SETTINGS)
  return (text) => {
    const root = parsed(text)
    try {
      if (schema !== null) check(root, schema)
      return read(root)
    } catch (error) {
      throw located(error)
    }
  }
}

/** Exactly, but nothing else than JSON, and nothing behind it. */
function parsed(text: string): JsonNode {
  try {
    JSON.parse(text)
    return parseExactly(text).root!
  } catch (error) {
    const { cause = error } = error as Error
    throw new DataError(`It is no JSON: ${(cause as Error).message}`)
  }
}

function check(node: JsonNode, schema: Schema): void {
  if (node === null) return
  if (schema.type === 'struct') checkStruct(node, schema)
  else if (schema.type === 'map') checkMap(node, schema)
  else if (schema.type === 'array') {
    if (!Array.isArray(node)) throw misfit(node, schema)
    for (const [i, item] of node.entries()) within(`[${i}]`, item, schema.items)
  } else if (!isFit(node, schema)) throw misfit(node, schema)
}

function checkStruct(node: JsonNode, schema: StructSchema): void {
  if (!isJsonObject(node)) throw misfit(node, schema)
  const names = new Set(schema.fields.map(({ name }) => name))
  const unknown = Object.keys(node).find((name) => !names.has(name))
  if (unknown !== undefined)
    throw under(`.${unknown}`, new DataError(`The schema has no such field; there are ${[...names].join(', ')}`))
  for (const field of schema.fields) {
    const given = member(node, field.name)
    if (given !== undefined) within(`.${field.name}`, given, field.schema)
  }
}

function checkMap(node: JsonNode, { keys, values, ...schema }: MapSchema): void {
  if (keys.type === 'string') {
    if (!isJsonObject(node)) throw misfit(node, { ...schema, keys, values })
    for (const [key, value] of Object.entries(node)) within(`.${key}`, value, values)
    return
  }
  const isPairs = Array.isArray(node) && node.every((pair) => Array.isArray(pair) && pair.length === 2)
  if (!isPairs) throw misfit(node, { ...schema, keys, values })
  for (const [i, [key, value]] of (node as [JsonNode, JsonNode][]).entries()) {
    within(`[${i}]`, key, keys)
    within(`[${i}]`, value, values)
  }
}

function within(step: string, node: JsonNode, schema: Schema): void {
  try {
    check(node, schema)
  } catch (error) {
    throw under(step, error)
  }
}

function isFit(node: JsonNode, schema: Schema): boolean {
  if (logicalType(schema) === 'decimal') return node instanceof JsonNumber || typeof node === 'string'
  const { type } = schema
  if (type === 'string' || type === 'bytes') return typeof node === 'string'
  if (type === 'boolean') return typeof node === 'boolean'
  const isFraction = type === 'float32' || type === 'float64'
  return node instanceof JsonNumber && (isFraction || node.isIntegral)
}

function misfit(node: JsonNode, schema: Schema): DataError {
  const of = schema.name === undefined ? schema.type : `${schema.type} (${schema.name})`
  return new DataError(`${article(nodeType(node).toLowerCase())} stands where the schema has ${of}`)
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? `An ${noun}` : `A ${noun}`
}
