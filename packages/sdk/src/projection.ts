/**
 * Reading a value with another schema than it was written with: Connect's `SchemaProjector`. Numbers may widen
 * (int8 → int16 → int32 → int64 → float32 → float64), fields may be missing where the target is optional or has a default,
 * fields the target does not know are left out. Everything else is an error.
 */
import { ProjectionError } from './errors.ts'
import { sameSchema } from './schema.ts'
import type { Schema, SchemaType, StructSchema } from './schema.ts'
import { getWithDefault } from './validate-value.ts'
import type { StructValue, Value } from './value.ts'

export type Projector = (value: Value) => Value

/** @throws ProjectionError when the schemas do not agree */
export function project(source: Schema, value: Value, target: Schema): Value {
  return projectorFor(source, target)(value)
}

/**
 * The compiled projection; remembered per pair of schema objects. Schemas are compared here, once, and not per value: unlike
 * Java's, it does not let two schemas pass that contradict each other only inside a list that happens to be empty.
 * @throws ProjectionError when the schemas do not agree
 */
export function projectorFor(source: Schema, target: Schema): Projector {
  let bySource = projectors.get(source)
  if (bySource === undefined) projectors.set(source, (bySource = new WeakMap()))
  let found = bySource.get(target)
  if (found === undefined) bySource.set(target, (found = compile(source, target)))
  return found
}

const projectors = new WeakMap<Schema, WeakMap<Schema, Projector>>()

const WIDENING: readonly SchemaType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64']

function compile(source: Schema, target: Schema): Projector {
  if (sameSchema(source, target)) return (value) => value
  assertMaybeCompatible(source, target)
  const required = compileRequired(source, target)
  if (!source.optional || target.optional) return (value) => (value === null ? null : required(value))
  const fallback = target.default
  if (fallback === undefined || fallback === null)
    throw new ProjectionError('Writer schema is optional, however, target schema does not provide a default value.', {
      remedy: 'Give the target schema a default, or make it optional.',
    })
  return (value) => (value === null ? fallback : required(value))
}

function compileRequired(source: Schema, target: Schema): Projector {
  if (source.type === 'struct' && target.type === 'struct') return compileStruct(source, target)
  if (source.type === 'array' && target.type === 'array') {
    const item = projectorFor(source.items, target.items)
    return (value) => (value as readonly Value[]).map((element) => item(element))
  }
  if (source.type === 'map' && target.type === 'map') {
    const key = projectorFor(source.keys, target.keys)
    const item = projectorFor(source.values, target.values)
    return (value) => {
      const projected = new Map<Value, Value>()
      for (const [k, v] of value as ReadonlyMap<Value, Value>) projected.set(key(k), item(v))
      return projected
    }
  }
  if (source.type === target.type) return (value) => value
  if (target.type === 'float32') return (value) => Math.fround(Number(value))
  return target.type === 'float64' ? Number : (value) => value
}

function compileStruct(source: StructSchema, target: StructSchema): Projector {
  const sourceFields = new Map(source.fields.map((field) => [field.name, field]))
  const steps = target.fields.map((field) => {
    const from = sourceFields.get(field.name)
    if (from !== undefined) return { name: field.name, from, projector: inField(field.name, from.schema, field.schema) }
    if (field.schema.optional) return { name: field.name, constant: null }
    if (field.schema.default !== undefined) return { name: field.name, constant: field.schema.default }
    throw new ProjectionError(`Required field \`${field.name}\` is missing from source schema: ${schemaText(source)}`, {
      place: { field: field.name },
    })
  })
  return (value) => {
    const projected: Record<string, Value> = {}
    for (const step of steps) {
      const item =
        step.from === undefined ? step.constant : step.projector(getWithDefault(value as StructValue, step.from))
      if (step.name === '__proto__') Object.defineProperty(projected, step.name, { value: item, enumerable: true })
      else projected[step.name] = item
    }
    return projected
  }
}

function inField(name: string, source: Schema, target: Schema): Projector {
  try {
    return projectorFor(source, target)
  } catch (cause) {
    throw new ProjectionError(`Error projecting ${name}`, { cause })
  }
}

function assertMaybeCompatible(source: Schema, target: Schema): void {
  const promotable = WIDENING.includes(source.type) && WIDENING.indexOf(source.type) <= WIDENING.indexOf(target.type)
  if (source.type !== target.type && !promotable)
    throw new ProjectionError(
      `Schema type mismatch. source type: ${source.type.toUpperCase()} and target type: ${target.type.toUpperCase()}`,
    )
  if (source.name !== target.name)
    throw new ProjectionError(
      `Schema name mismatch. source name: ${source.name ?? 'null'} and target name: ${target.name ?? 'null'}`,
    )
  const [from, to] = [parametersText(source), parametersText(target)]
  if (from !== to)
    throw new ProjectionError(`Schema parameters not equal. source parameters: ${from} and target parameters: ${to}`)
}

/** Java's text of a map, or `null`. */
function parametersText({ parameters }: Schema): string {
  if (parameters === undefined) return 'null'
  const entries = Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, value]) => `${key}=${value}`).join(', ')}}`
}

/** `ConnectSchema.toString`. */
function schemaText(schema: Schema): string {
  return schema.name === undefined
    ? `Schema{${schema.type.toUpperCase()}}`
    : `Schema{${schema.name}:${schema.type.toUpperCase()}}`
}
