/** JSON trees to values without a schema. */
import type { Value } from '@sluice/sdk'
import { INEXACT } from './inexact.ts'
import { JsonNumber, longValue, setMember } from './json-node.ts'
import type { JsonNode, JsonObject } from './json-node.ts'
import { notJson } from './json-parser.ts'

const MAX_DEPTH = 1000

/**
 * Objects stay objects, numbers become numbers; an integer beyond 2^53 becomes a bigint, and wraps beyond 64 bits as Java's
 * long does. The tree itself becomes the value.
 * @throws INEXACT when the node comes from `JSON.parse` and an integer may have lost digits
 */
export function readSchemaless(node: JsonNode | undefined, depth: number): Value {
  if (node === null || node === undefined) return null
  if (typeof node === 'number') {
    // A double beyond 2^53 looks like an integer that lost digits; only its text can tell.
    if (node > Number.MAX_SAFE_INTEGER || node < Number.MIN_SAFE_INTEGER) throw INEXACT
    // Java reads −0 as 0.
    return node + 0
  }
  if (typeof node !== 'object') return node
  if (node instanceof JsonNumber) return node.isIntegral ? longValue(node.toLong()) : node.toNumber()
  if (depth >= MAX_DEPTH)
    throw notJson(`Document nesting depth (${depth + 1}) exceeds the maximum allowed (${MAX_DEPTH})`)
  return Array.isArray(node) ? readItems(node, depth + 1) : readMembers(node, depth + 1)
}

function readItems(items: JsonNode[], depth: number): Value {
  const values: (JsonNode | Value)[] = items
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!
    const value = typeof item === 'string' ? item : readSchemaless(item, depth)
    if (value !== item || value === 0) values[i] = value
  }
  return values as Value[]
}

function readMembers(object: JsonObject, depth: number): Value {
  const values: Record<string, JsonNode | Value> = object
  for (const name in object) {
    const item = object[name]!
    if (typeof item === 'string') continue
    const value = readSchemaless(item, depth)
    // Zero is stored again, because −0 is equal to it.
    if (value !== item || value === 0) setMember(values, name, value)
  }
  return values as Record<string, Value>
}
