/**
 * Paths into a record, compiled once: `address.city` looks into the value; `@key`, `@key.id`, `@topic`, `@timestamp`… elsewhere.
 * Plain objects, Maps and lists are read alike. What is not there reads as undefined, never as something inherited.
 */
import type { Schema } from '@sluice/sdk'
import type { JudgedRecord } from './record.ts'

export type ReadField = (record: JudgedRecord) => unknown

const ROOTS = ['value', 'key', 'topic', 'partition', 'offset', 'timestamp'] as const
export type PathRoot = (typeof ROOTS)[number]

/** A path taken apart. */
export interface FieldPath {
  readonly root: PathRoot
  readonly names: readonly string[]
}

/** A path that can be read, with the schema found there (null: not known). */
export interface Field {
  /** As it was written. */
  readonly path: string
  readonly read: ReadField
  readonly schema: Schema | null
}

/** Takes a path apart. The answer is a text when the path is wrong: what would be right. */
export function parsePath(path: string): FieldPath | string {
  if (path === '') return 'a path, such as address.city'
  const names = split(path)
  if (names === null) return 'no backslash at the end: it takes the next character literally'
  if (names.includes('')) return 'a path without empty names; write a dot inside a name as \\.'
  if (!path.startsWith('@')) return { root: 'value', names }
  const root = ROOTS.find((name) => `@${name}` === names[0])
  if (root === undefined)
    return `one of ${ROOTS.map((name) => `@${name}`).join(', ')}; a field whose name begins with @ is written \\@…`
  if (names.length > 1 && root !== 'value' && root !== 'key') return `@${root} alone: it has no fields`
  return { root, names: names.slice(1) }
}

/** A function that reads the path, made for its depth. */
export function compilePath({ root, names }: FieldPath): ReadField {
  const steps = names.map(step)
  const [first, second] = steps
  if (first === undefined) return (record) => record[root]
  if (second === undefined) return root === 'value' ? (record) => first(record.value) : (record) => first(record[root])
  if (steps.length === 2) return (record) => second(first(record[root]))
  return (record) => {
    let at: unknown = record[root]
    for (const next of steps) at = next(at)
    return at
  }
}

/**
 * The schema at the path: null when nothing is known about it, a text when the schema has no such field (what would be right).
 */
export function schemaAt(
  schema: Schema | null,
  names: readonly string[],
): Schema | null | { readonly missing: string; readonly known: readonly string[] } {
  let at = schema
  for (const name of names) {
    if (at === null) return null
    if (at.type === 'struct') {
      const field = at.fields.find((candidate) => candidate.name === name)
      if (field === undefined) return { missing: name, known: at.fields.map((candidate) => candidate.name) }
      at = field.schema
    } else if (at.type === 'array' && indexOf(name) >= 0) at = at.items
    else if (at.type === 'map') at = at.values
    else return { missing: name, known: [] }
  }
  return at
}

/** One step into a container. */
function step(name: string): (container: unknown) => unknown {
  const index = indexOf(name)
  if (index >= 0) return (container) => element(container, name, index)
  // A name that some prototype has (`constructor`, `length`…) must be the container's own to count as there.
  const inherited = name in Object.prototype || name in Array.prototype || name in Uint8Array.prototype
  return (container) => {
    if (typeof container !== 'object' || container === null) return undefined
    if (container instanceof Map) return container.get(name) as unknown
    if (inherited && (Array.isArray(container) || ArrayBuffer.isView(container) || !Object.hasOwn(container, name)))
      return undefined
    return (container as Readonly<Record<string, unknown>>)[name]
  }
}

function element(container: unknown, name: string, index: number): unknown {
  if (typeof container !== 'object' || container === null || ArrayBuffer.isView(container)) return undefined
  if (container instanceof Map) return (container.has(name) ? container.get(name) : container.get(index)) as unknown
  return (container as Readonly<Record<string, unknown>>)[name]
}

/** The list index that a name is, or -1. */
function indexOf(name: string): number {
  return /^(?:0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : -1
}

function split(path: string): string[] | null {
  const names: string[] = []
  let name = ''
  for (let i = 0; i < path.length; i++) {
    const char = path[i]!
    if (char === '\\') {
      if (++i === path.length) return null
      name += path[i]
    } else if (char === '.') {
      names.push(name)
      name = ''
    } else name += char
  }
  names.push(name)
  return names
}
