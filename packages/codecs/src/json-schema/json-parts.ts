/** A JSON Schema taken apart into what a Connect schema can be made of. */
import { SchemaError } from '@sluice/sdk'
import type { JsonDocument, Located } from '@sluice/schema-registry'
import { isJsonObject } from '../json/json-node.ts'
import type { JsonNode, JsonObject } from '../json/json-node.ts'

export type JsonType = 'null' | 'boolean' | 'object' | 'array' | 'number' | 'integer' | 'string'

/** Something that a schema says of its values. All parts hold, but most of them bound values of a type that another one names. */
export type Part =
  | { readonly kind: 'type'; readonly type: JsonType; readonly json: JsonObject; readonly document: JsonDocument }
  | { readonly kind: 'union'; readonly json: JsonObject; readonly branches: readonly Located[] }
  | { readonly kind: 'enum'; readonly values: readonly JsonNode[] }
  | { readonly kind: 'const'; readonly value: JsonNode }

const NUMBERS = ['maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum', 'multipleOf']
const STRINGS = ['maxLength', 'minLength', 'pattern', 'format']
const ARRAYS = ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains']
const OBJECTS = [
  'properties',
  'additionalProperties',
  'patternProperties',
  'required',
  'minProperties',
  'maxProperties',
  'propertyNames',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
]

/** A schema of keywords, with what it refers to. */
export interface Resolved {
  /** What is said beside a reference goes before what it refers to. */
  readonly json: JsonObject
  readonly document: JsonDocument
  /** The object in the document: a schema that is met again while it is open contains itself. */
  readonly identity: JsonObject
}

/** Undefined for a schema that says nothing, `true`. @throws SchemaError for one that allows nothing */
export function resolve(at: Located): Resolved | undefined {
  if (at.json === false) throw new SchemaError('A JSON Schema that allows no value has no schema of Connect')
  if (at.json === true) return undefined
  const own = at.json as JsonObject
  if (typeof own['$ref'] !== 'string') return { json: own, document: at.document, identity: own }
  const { $ref: _, ...beside } = own
  const found = resolve(at.document.resolve(own))
  return found === undefined ? undefined : { ...found, json: { ...found.json, ...beside } }
}

/** Its parts and those of what it must be all of. */
export function partsOf(at: Resolved, seen = new Set<JsonObject>()): readonly Part[] {
  if (seen.has(at.identity)) return []
  seen.add(at.identity)
  const { json, document } = at
  const locate = (child: JsonNode): Located => ({ json: child as JsonObject | boolean, document })
  const parts: Part[] = []
  const types = typesOf(json)
  if (types.length === 1) parts.push({ kind: 'type', type: types[0]!, json, document })
  if (types.length > 1) parts.push({ kind: 'union', json, branches: types.map((type) => locate(onlyOf(json, type))) })
  for (const keyword of ['oneOf', 'anyOf']) {
    const list = json[keyword]
    if (Array.isArray(list)) parts.push({ kind: 'union', json, branches: list.map(locate) })
  }
  if (Array.isArray(json['enum'])) parts.push({ kind: 'enum', values: json['enum'] })
  if (json['const'] !== undefined) parts.push({ kind: 'const', value: json['const'] })
  if (Array.isArray(json['allOf']))
    for (const each of json['allOf']) {
      const resolved = resolve(locate(each))
      if (resolved !== undefined) parts.push(...partsOf(resolved, seen))
    }
  return parts
}

/** Whether a schema is that of null alone. */
export function isNull(at: Located): boolean {
  const resolved = typeof at.json === 'boolean' ? undefined : resolve(at)
  return resolved !== undefined && partsOf(resolved).some(allowsOnlyNull)
}

function allowsOnlyNull(part: Part): boolean {
  switch (part.kind) {
    case 'type':
      return part.type === 'null'
    case 'enum':
      return part.values.length > 0 && part.values.every((value) => value === null)
    case 'const':
      return part.value === null
    case 'union':
      break
  }
  return false
}

/** One of the types that a schema names, with what it says of values of it. */
function onlyOf(json: JsonObject, type: JsonType): JsonObject {
  const { oneOf: _oneOf, anyOf: _anyOf, allOf: _allOf, title: _title, default: _default, ...rest } = json
  return { ...rest, type }
}

function typesOf(json: JsonObject): readonly JsonType[] {
  const { type } = json
  if (typeof type === 'string') return [type as JsonType]
  if (Array.isArray(type)) return [...new Set(type)] as JsonType[]
  const has = (keywords: readonly string[]): boolean => keywords.some((keyword) => json[keyword] !== undefined)
  if (has(OBJECTS)) return ['object']
  if (has(ARRAYS)) return ['array']
  if (has(STRINGS)) return ['string']
  return has(NUMBERS) ? ['number'] : []
}

/** The schema that stands under a keyword; undefined when there is none. */
export function child(json: JsonObject, keyword: string, document: JsonDocument): Located | undefined {
  const found = json[keyword]
  return typeof found === 'boolean' || isJsonObject(found) ? { json: found, document } : undefined
}
