/** JSON trees to values without a schema. */
import type { Value } from '@sluice/sdk'
import { INEXACT } from './inexact.ts'
import { JsonNumber, longValue, setMember } from './json-node.ts'
import type { JsonNode, JsonObject } from './json-node.ts'
import { notJson } from './json-parser.ts'
import type { JsonSettings } from './json-settings.ts'

const MAX_DEPTH = 1000

/**
 * Objects stay objects, numbers become numbers; an integer beyond 2^53 becomes a bigint, and beyond 64 bits it wraps as Java's
 * long does, or fails. The tree itself becomes the value.
 * @throws INEXACT when the node comes from `JSON.parse` and an integer may have lost digits
 */
export function readSchemaless(
  node: JsonNode | undefined,
  depth: number,
  overflow: JsonSettings['integerOverflow'],
): Value {
  if (node === null || node === undefined) return null
  if (typeof node === 'number') {
    // A double beyond 2^53 looks like an integer that lost digits; only its text can tell.
    if (node > Number.MAX_SAFE_INTEGER || node < Number.MIN_SAFE_INTEGER) throw INEXACT
    // Java reads −0 as 0.
    return node + 0
  }
  if (typeof node !== 'object') return node
  if (node instanceof JsonNumber) {
    if (!node.isIntegral) return node.toNumber()
    return longValue(overflow === 'wrap' ? node.toLong() : node.toFitting(64))
  }
  if (depth >= MAX_DEPTH)
    throw notJson(`Document nesting depth (${depth + 1}) exceeds the maximum allowed (${MAX_DEPTH})`)
  return Array.isArray(node) ? readItems(node, depth + 1, overflow) : readMembers(node, depth + 1, overflow)
}

function readItems(items: JsonNode[], depth: number, overflow: JsonSettings['integerOverflow']): Value {
  const values: (JsonNode | Value)[] = items
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!
    const value = typeof item === 'string' ? item : readSchemaless(item, depth, overflow)
    if (value !== item || value === 0) values[i] = value
  }
  return values as Value[]
}

function readMembers(object: JsonObject, depth: number, overflow: JsonSettings['integerOverflow']): Value {
  const values: Record<string, JsonNode | Value> = object
  for (const name in object) {
    const item = object[name]!
    if (typeof item === 'string') continue
    const value = readSchemaless(item, depth, overflow)
    // Zero is stored again, because −0 is equal to it.
    if (value !== item || value === 0) setMember(values, name, value)
  }
  return values as Record<string, Value>
}
