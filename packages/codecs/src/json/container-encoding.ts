/** Values that have others in them, to JSON, whatever writes those. */
import { DataError } from '@sluice/sdk'
import type { StructSchema, StructValue, Value } from '@sluice/sdk'
import { under } from '../value-path.ts'
import { JsonWriter } from './json-writer.ts'
import { type WriteNonNull, invalidType } from './scalar-encoding.ts'

/** Writes a value, null included. */
type Write = (out: JsonWriter, value: Value | undefined) => void

const COMMA = 0x2c
const COLON = 0x3a

export function arrayWriter(item: Write): WriteNonNull {
  return (out, value) => {
    if (!Array.isArray(value)) invalidType('ARRAY:', value)
    const items = value as readonly Value[]
    out.byte(0x5b)
    let at = 0
    try {
      for (; at < items.length; at++) {
        if (at > 0) out.byte(COMMA)
        item(out, items[at])
      }
    } catch (error) {
      throw under(`[${at}]`, error)
    }
    out.byte(0x5d)
  }
}

/**
 * Walks the object and the fields side by side, which is fastest by far, for as long as the object has the schema's fields in
 * the schema's order; what is left after the first difference is looked up by name.
 * @param leavesOut fields that are not written when they are null
 */
export function structWriter(
  schema: StructSchema,
  writes: readonly Write[],
  leavesOut: readonly boolean[] = [],
): WriteNonNull {
  const names = schema.fields.map((field) => field.name)
  const known = new Set(names)
  const count = names.length
  const starts = names.map((name) => fieldPrefix('{', name))
  const prefixes = names.map((name) => fieldPrefix(',', name))
  return (out, value) => {
    if (!isStruct(value)) invalidType('STRUCT:', value)
    let at = 0
    let inStep = true
    let isEmpty = true
    try {
      for (const name in value) {
        if (name !== names[at]) {
          inStep = false
          break
        }
        const item = value[name] ?? null
        if (item !== null || leavesOut[at] !== true) {
          out.raw(isEmpty ? starts[at]! : prefixes[at]!)
          writes[at]!(out, item)
          isEmpty = false
        }
        at++
      }
      if (!inStep) rejectUnknown(value, known)
      for (; at < count; at++) {
        const name = names[at]!
        const item = Object.hasOwn(value, name) ? (value[name] ?? null) : null
        if (item === null && leavesOut[at] === true) continue
        out.raw(isEmpty ? starts[at]! : prefixes[at]!)
        writes[at]!(out, item)
        isEmpty = false
      }
    } catch (error) {
      throw under(`.${names[at] ?? ''}`, error)
    }
    if (isEmpty) out.byte(0x7b)
    out.byte(0x7d)
  }
}

function rejectUnknown(value: StructValue, known: ReadonlySet<string>): void {
  for (const name of Object.keys(value))
    if (!known.has(name))
      throw new DataError(`${name} is not a valid field name`, {
        remedy: 'Leave it out, or give the schema a field of that name.',
      })
}

export function isStruct(value: Value): value is StructValue {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Map)
}

function fieldPrefix(lead: string, name: string): Uint8Array {
  const out = new JsonWriter()
  out.begin()
  out.ascii(lead)
  out.string(name)
  out.byte(COLON)
  return Uint8Array.from(out.finish())
}
