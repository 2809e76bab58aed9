/** JSON Schemas as they are written, and what they refer to. */
import { SchemaError } from '@sluice/sdk'

export type JsonObject = Readonly<Record<string, unknown>>

/** A schema: an object of keywords, or `true` or `false`. With the document in which its references begin. */
export interface Located {
  readonly json: JsonObject | boolean
  readonly document: JsonDocument
}

/** Deeper ones are an attack on the stack, or a mistake. */
const DEPTH_MAX = 300

const TYPES: ReadonlySet<unknown> = new Set(['null', 'boolean', 'object', 'array', 'number', 'integer', 'string'])
/** Keywords that hold a schema, a list of schemas, or schemas by name. */
const ONE: readonly string[] = [
  'additionalProperties',
  'additionalItems',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]
const LISTS: readonly string[] = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']
const MAPS: readonly string[] = ['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties']

/** One document, and others by the names under which it refers to them. */
export class JsonDocument {
  readonly root: JsonObject | boolean
  readonly #others: ReadonlyMap<string, JsonDocument>
  /** Of schemas within it that say who they are. */
  readonly #ids = new Map<string, JsonObject>()

  /**
   * @param parse JSON; another than `JSON.parse` may give numbers as it likes
   * @throws SchemaError for what is no JSON Schema, or a reference to what is not there
   */
  constructor(
    text: string,
    others: ReadonlyMap<string, JsonDocument> = new Map(),
    parse: (text: string) => unknown = JSON.parse,
  ) {
    this.root = schemaIn(jsonOf(text, parse), '#')
    this.#others = others
    const references: string[] = []
    this.#walk(this.root, '#', references, 0)
    for (const reference of references) this.#find(reference)
  }

  /** What a schema stands for: those that are nothing but a reference are followed. */
  resolve(json: JsonObject | boolean): Located {
    let found: Located = { json, document: this }
    for (let steps = 0; steps < DEPTH_MAX; steps++) {
      if (typeof found.json === 'boolean') return found
      const reference = found.json['$ref']
      if (typeof reference !== 'string') return found
      found = found.document.#find(reference)
    }
    throw new SchemaError('References of the JSON Schema go round in a circle')
  }

  #find(reference: string): Located {
    const hash = reference.indexOf('#')
    const name = hash < 0 ? reference : reference.slice(0, hash)
    const fragment = hash < 0 ? '' : reference.slice(hash + 1)
    const own = this.#ids.get(reference) ?? (name === '' ? undefined : this.#ids.get(name))
    if (own !== undefined && fragment === '') return { json: own, document: this }
    const document = name === '' || own !== undefined ? this : this.#others.get(name)
    const start = own ?? document?.root
    const json = start === undefined ? undefined : (this.#ids.get(`#${fragment}`) ?? pointed(start, fragment))
    if (document === undefined || json === undefined) {
      throw new SchemaError(`The JSON Schema refers to '${reference}', which is not there`, {
        remedy: 'Give the schema that it refers to as a reference of this name.',
      })
    }
    return { json: schemaIn(json, reference), document }
  }

  #walk(json: JsonObject | boolean, path: string, references: string[], depth: number): void {
    if (depth > DEPTH_MAX) throw new SchemaError(`The JSON Schema is more than ${DEPTH_MAX} levels deep`)
    if (typeof json === 'boolean') return
    checkTypes(json['type'], path)
    if (typeof json['$ref'] === 'string') references.push(json['$ref'])
    for (const keyword of ['$id', 'id'])
      if (typeof json[keyword] === 'string') this.#ids.set(json[keyword].replace(/#$/, ''), json)
    if (typeof json['$anchor'] === 'string') this.#ids.set(`#${json['$anchor']}`, json)
    for (const [keyword, child] of children(json))
      this.#walk(schemaIn(child, `${path}/${keyword}`), `${path}/${keyword}`, references, depth + 1)
  }
}

function* children(json: JsonObject): Generator<readonly [string, unknown]> {
  for (const keyword of ONE) {
    if (json[keyword] !== undefined && !Array.isArray(json[keyword])) yield [keyword, json[keyword]]
  }
  for (const keyword of LISTS) {
    const list = json[keyword]
    if (Array.isArray(list)) for (const [i, child] of list.entries()) yield [`${keyword}/${i}`, child]
  }
  for (const keyword of MAPS) {
    const map = json[keyword]
    if (map !== undefined && !isObject(map))
      throw new SchemaError(`The JSON Schema has a '${keyword}' that is no object`)
    for (const [name, child] of Object.entries(map ?? {})) yield [`${keyword}/${name}`, child]
  }
}

function checkTypes(type: unknown, path: string): void {
  const wrong = [type].flat().find((word) => word !== undefined && !TYPES.has(word))
  if (wrong !== undefined)
    throw new SchemaError(`The JSON Schema has the type ${JSON.stringify(wrong)} at ${path}, which is none`)
}

function pointed(start: JsonObject | boolean, pointer: string): unknown {
  if (pointer === '') return start
  if (!pointer.startsWith('/')) return undefined
  let at: unknown = start
  for (const part of pointer.slice(1).split('/')) {
    const key = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(at)) at = at[Number(key)]
    else if (isObject(at) && Object.hasOwn(at, key)) at = at[key]
    else return undefined
  }
  return at
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function jsonOf(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text)
  } catch (cause) {
    throw new SchemaError('The JSON Schema is no JSON', { cause })
  }
}

function schemaIn(json: unknown, path: string): JsonObject | boolean {
  if (typeof json === 'boolean' || isObject(json)) return json
  throw new SchemaError(`What stands at ${path} is no JSON Schema`)
}

export function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
