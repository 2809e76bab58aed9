/** JSON to the values that have others in them, whatever reads those. */
import { DataError } from '@sluice/sdk'
import type { StructSchema, StructValue, Value } from '@sluice/sdk'
import { under } from '../value-path.ts'
import { isJsonObject, member, nodeType, setMember } from './json-node.ts'
import type { JsonNode } from './json-node.ts'

/** Reads a node; undefined is one that is missing. */
type Read = (node: JsonNode | undefined) => Value

export function arrayReader(item: Read): (node: JsonNode) => Value {
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

/** A map whose keys are the names of an object's members. */
export function objectMapReader(item: Read): (node: JsonNode) => Value {
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
}

/**
 * Walks the members and the fields side by side and turns the parsed object itself into the value, for as long as the two agree
 * in names and order; otherwise a new object is made, field by field.
 */
export function structReader(schema: StructSchema, reads: readonly Read[]): (node: JsonNode) => Value {
  const names = schema.fields.map((field) => field.name)
  const count = names.length
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
        const value = reads[at]!(found)
        if (value !== found) setMember(struct, name, value)
        at++
      }
      if (inStep && at === count) return struct as StructValue
      const done = at
      const rebuilt: Record<string, Value> = {}
      for (at = 0; at < count; at++) {
        const name = names[at]!
        setMember(rebuilt, name, at < done ? (struct[name] as Value) : reads[at]!(member(node, name)))
      }
      return rebuilt
    } catch (error) {
      throw under(`.${names[at] ?? ''}`, error)
    }
  }
}
