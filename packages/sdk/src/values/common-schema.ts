/** The one schema of the elements of a list, and of the keys and values of a map, that were read from free text. */
import { LOGICAL } from '../schema.ts'
import type { Schema, SchemaType } from '../schema.ts'
import type { Value } from '../value.ts'
import { NUMBER_TYPES } from './number-text.ts'

/** An element. Its schema is null where it is null itself, and where it is a list or map that has none. */
export interface Element {
  readonly type: SchemaType | null
  readonly schema: Schema | null
  readonly value: Value
}

/**
 * What all elements have in common, the widest type for numbers.
 * @returns undefined when they have nothing in common, or are all null
 */
export function commonElement(elements: readonly Element[]): Element | undefined {
  let common: Element | undefined
  for (const element of elements) {
    if (element.type === null) continue
    if (common === undefined) common = element
    else if ((common = wider(common, element)) === undefined) return undefined
  }
  return common
}

/** Of two numbers the one of the wider type, else, as of any other type, the later one: a date is an integer with a name. */
function wider(before: Element, after: Element): Element | undefined {
  const [a, b] = [NUMBER_TYPES.indexOf(before.type as never), NUMBER_TYPES.indexOf(after.type as never)]
  if (a >= 0 && b >= 0) return b < a ? before : after
  return before.type === after.type ? after : undefined
}

/**
 * The values as those of the common schema.
 * @returns undefined when there is one among them that cannot be: null, or a date where the others are plain numbers
 */
export function aligned(elements: readonly Element[], common: Element): Value[] | undefined {
  const values: Value[] = []
  for (const element of elements) {
    const value = as(element, common)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

const DAY_MS = 86_400_000

function as({ type, schema, value }: Element, common: Element): Value | undefined {
  if (type === null) return undefined
  const [from, to] = [instantName(schema), instantName(common.schema)]
  if (from !== to && from !== undefined) {
    if (to === undefined) return undefined
    const epochMs = from === LOGICAL.date ? Number(value) * DAY_MS : Number(value)
    return to === LOGICAL.date ? epochMs / DAY_MS : epochMs
  }
  if (common.type === 'float32') return Math.fround(Number(value))
  return common.type === 'float64' ? Number(value) : value
}

/** A value that loses its schema: a date is then the milliseconds of its midnight, as dates without a schema are everywhere. */
export function bare({ schema, value }: Pick<Element, 'schema' | 'value'>): Value {
  if (schema === null) return value
  if (schema.name === LOGICAL.date && typeof value === 'number') return value * DAY_MS
  // The elements of a list need not fit its schema, which is that of the latest list beside it.
  if (schema.type === 'array' && Array.isArray(value))
    return (value as readonly Value[]).map((item) => bare({ schema: schema.items, value: item }))
  if (schema.type !== 'map' || !(value instanceof Map)) return value
  return new Map(
    Array.from(value as ReadonlyMap<Value, Value>, ([key, item]) => [
      bare({ schema: schema.keys, value: key }),
      bare({ schema: schema.values, value: item }),
    ]),
  )
}

function instantName(schema: Schema | null): string | undefined {
  const name = schema?.name
  return name === LOGICAL.date || name === LOGICAL.time || name === LOGICAL.timestamp ? name : undefined
}
