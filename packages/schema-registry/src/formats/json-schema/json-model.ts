/** A JSON Schema taken apart into what can be compared: one kind of value and its bounds, or a combination of others. */
import { type JsonObject, type Located, isObject } from './json-documents.ts'

export type Criterion = 'allOf' | 'anyOf' | 'oneOf'

export type JsonModel =
  | { readonly kind: 'anything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'boolean' | 'null' }
  | { readonly kind: 'string' | 'number' | 'object' | 'array'; readonly schema: JsonObject; readonly at: Located }
  /** Values as JSON with sorted keys. */
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'not'; readonly schema: Located }
  | { readonly kind: 'combined'; readonly criterion: Criterion; readonly parts: readonly Located[] }

const STRINGS = ['maxLength', 'minLength', 'pattern']
const NUMBERS = ['maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum', 'multipleOf']
const OBJECTS = [
  'properties',
  'patternProperties',
  'additionalProperties',
  'required',
  'minProperties',
  'maxProperties',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'propertyNames',
]
const ARRAYS = ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems', 'contains']
const COMBINING = ['allOf', 'anyOf', 'oneOf', 'not', 'enum', 'const']

export function modelOf(given: Located): JsonModel {
  const at = typeof given.json === 'boolean' ? given : given.document.resolve(given.json)
  if (at.json === true) return { kind: 'anything' }
  if (at.json === false) return { kind: 'nothing' }
  const parts = partsOf(at.json)
  const [only] = parts
  if (only === undefined) return { kind: 'anything' }
  if (parts.length > 1) {
    return { kind: 'combined', criterion: 'allOf', parts: parts.map((json) => ({ json, document: at.document })) }
  }
  return simple(only, at)
}

/** The keywords that say something, in groups that can be compared one by one. */
function partsOf(json: JsonObject): readonly JsonObject[] {
  const parts = COMBINING.filter((keyword) => json[keyword] !== undefined).map((keyword) => ({
    [keyword]: json[keyword],
  }))
  const own = Object.fromEntries(Object.entries(json).filter(([keyword]) => !COMBINING.includes(keyword)))
  return kindsOf(own).length === 0 ? parts : [own, ...parts]
}

function simple(json: JsonObject, { document }: Located): JsonModel {
  const within = (child: unknown): Located => ({ json: child as JsonObject | boolean, document })
  for (const criterion of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = json[criterion]
    if (Array.isArray(list)) return { kind: 'combined', criterion, parts: list.map(within) }
  }
  if (json['not'] !== undefined) return { kind: 'not', schema: within(json['not']) }
  if (Array.isArray(json['enum'])) return { kind: 'enum', values: json['enum'].map(sortedJson) }
  if (json['const'] !== undefined) return { kind: 'enum', values: [sortedJson(json['const'])] }
  const kinds = kindsOf(json)
  const [kind] = kinds
  if (kinds.length > 1 || kind === undefined) {
    const parts = kinds.map((type) => within({ ...json, type }))
    return kind === undefined ? { kind: 'anything' } : { kind: 'combined', criterion: 'anyOf', parts }
  }
  if (kind === 'boolean' || kind === 'null') return { kind }
  const at = within(json)
  return { kind: kind === 'integer' ? 'number' : (kind as 'string'), schema: json, at }
}

/** The types that are named, or the one that the keywords speak of. */
function kindsOf(json: JsonObject): readonly string[] {
  const { type } = json
  if (type !== undefined) return [...new Set([type].flat() as unknown[] as string[])]
  const has = (keywords: readonly string[]): boolean => keywords.some((keyword) => json[keyword] !== undefined)
  if (has(OBJECTS)) return ['object']
  if (has(ARRAYS)) return ['array']
  if (has(STRINGS)) return ['string']
  return has(NUMBERS) ? ['number'] : []
}

/** JSON with the keys of objects in alphabetical order. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
