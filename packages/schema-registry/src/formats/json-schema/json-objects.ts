/** Objects: what the writer's schema allows beside what it names decides whether a new property is new. */
import type { CompareJson } from './json-differences.ts'
import { type JsonObject, type Located, isObject } from './json-documents.ts'
import { type Bound, type Findings, compareBounds } from './json-findings.ts'
import { modelOf } from './json-model.ts'

const BOUNDS: readonly Bound[] = [
  { keyword: 'maxProperties', word: 'MAX_PROPERTIES', isUpper: true },
  { keyword: 'minProperties', word: 'MIN_PROPERTIES', isUpper: false },
]

export function compareObjects(
  writer: Located,
  reader: Located,
  path: string,
  findings: Findings,
  compare: CompareJson,
): void {
  const [had, has] = [new ObjectModel(writer), new ObjectModel(reader)]
  compareBounds(BOUNDS, had.json, has.json, path, findings)
  compareAdditional(had, has, path, findings, compare)
  compareDependencies(had, has, path, findings, compare)
  for (const name of new Set([...had.properties.keys(), ...has.properties.keys()])) {
    const at = `${path}/properties/${name}`
    const [old, now] = [had.properties.get(name), has.properties.get(name)]
    if (old !== undefined && now !== undefined) findings.addAll(compare(old, now, at))
    else if (now === undefined) compareRemoved(name, old!, has, at, findings, compare)
    else compareAdded(name, now, had, has, at, findings, compare)
  }
  for (const name of has.required) {
    const isNew = !had.required.has(name) && (had.properties.has(name) || !has.properties.has(name))
    if (isNew && !has.hasDefault(name)) {
      const at = `${path}/required/${name}`
      findings.add(
        'REQUIRED_ATTRIBUTE_ADDED',
        at,
        `The %r schema asks for the property '${name}', which the %w schema does not`,
        name,
      )
    }
  }
}

class ObjectModel {
  readonly json: JsonObject
  readonly properties: ReadonlyMap<string, Located>
  readonly required: ReadonlySet<string>
  readonly #document: Located['document']

  constructor({ json, document }: Located) {
    this.json = json as JsonObject
    this.#document = document
    const { properties, required } = this.json
    this.properties = new Map(
      Object.entries(isObject(properties) ? properties : {}).map(([k, v]) => [k, this.within(v)]),
    )
    this.required = new Set(Array.isArray(required) ? (required as readonly string[]) : [])
  }

  within(json: unknown): Located {
    return { json: json as JsonObject | boolean, document: this.#document }
  }

  get additional(): unknown {
    return this.json['additionalProperties'] ?? true
  }

  /** It says nothing about other properties: there may be any. */
  get isOpen(): boolean {
    return this.additional === true && !isObject(this.json['patternProperties'])
  }

  /** What holds for a property that is not named: that of a pattern, or of all others. Undefined: it must not be there. */
  unnamed(name: string): Located | undefined {
    const patterns = isObject(this.json['patternProperties']) ? this.json['patternProperties'] : {}
    const pattern = Object.entries(patterns).find(([text]) => matches(text, name))
    if (pattern !== undefined) return this.within(pattern[1])
    return this.additional === false ? undefined : this.within(this.additional)
  }

  hasDefault(name: string): boolean {
    const property = this.properties.get(name)
    if (property === undefined || !isObject(property.json)) return false
    if (property.json['default'] !== undefined) return true
    const resolved = this.#document.resolve(property.json).json
    return isObject(resolved) && resolved['default'] !== undefined
  }
}

function compareRemoved(
  name: string,
  old: Located,
  has: ObjectModel,
  path: string,
  findings: Findings,
  compare: CompareJson,
): void {
  if (has.isOpen) return
  const other = has.unnamed(name)
  if (other !== undefined) {
    if (compare(old, other, path).length === 0) return
    const sentence = `The property at path '${path}' in the %w schema is not covered by what the %r schema allows beside its own`
    findings.add('PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path, sentence, name)
  } else if (modelOf(old).kind !== 'nothing') {
    const sentence = `The property at path '${path}' in the %w schema is missing in the %r schema, which allows no other`
    findings.add('PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL', path, sentence, name)
  }
}

function compareAdded(
  name: string,
  now: Located,
  had: ObjectModel,
  has: ObjectModel,
  path: string,
  findings: Findings,
  compare: CompareJson,
): void {
  if (had.isOpen) {
    if (modelOf(now).kind !== 'anything') {
      const sentence = `The property at path '${path}' in the %r schema may have been there with any value, as the %w schema allows others`
      findings.add('PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL', path, sentence, name)
    }
    return requiredAdded('REQUIRED_ATTRIBUTE_ADDED', name, has, path, findings)
  }
  const other = had.unnamed(name)
  if (other !== undefined && compare(other, now, path).length > 0) {
    const sentence = `The property at path '${path}' in the %r schema does not cover what the %w schema allows beside its own`
    findings.add('PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path, sentence, name)
  }
  requiredAdded('REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL', name, has, path, findings)
}

function requiredAdded(kind: string, name: string, has: ObjectModel, path: string, findings: Findings): void {
  if (!has.required.has(name) || has.hasDefault(name)) return
  const sentence = `The required property at path '${path}' in the %r schema is missing in the %w schema`
  findings.add(kind, path, sentence, name)
}

function compareAdditional(
  had: ObjectModel,
  has: ObjectModel,
  path: string,
  findings: Findings,
  compare: CompareJson,
): void {
  const at = `${path}/additionalProperties`
  const [old, now] = [had.additional, has.additional]
  if (old === false || now === true) return
  if (now === false) findings.keyword('ADDITIONAL_PROPERTIES_REMOVED', at, 'additionalProperties', 'changed')
  else if (old === true) {
    if (modelOf(has.within(now)).kind !== 'anything')
      findings.keyword('ADDITIONAL_PROPERTIES_NARROWED', at, 'additionalProperties', 'added')
  } else findings.addAll(compare(had.within(old), has.within(now), at))
}

/** `dependencies`, and the two keywords that later drafts have for it. */
function compareDependencies(
  had: ObjectModel,
  has: ObjectModel,
  path: string,
  findings: Findings,
  compare: CompareJson,
): void {
  const [old, now] = [dependenciesOf(had.json), dependenciesOf(has.json)]
  for (const [name, needs] of now) {
    const before = old.get(name)
    const at = `${path}/dependencies/${name}`
    if (Array.isArray(needs)) {
      const known = Array.isArray(before) ? before : []
      if (!Array.isArray(before)) findings.keyword('DEPENDENCY_ARRAY_ADDED', at, 'dependencies', 'added')
      else if (needs.some((need) => !known.includes(need))) {
        const isLonger = known.every((need) => needs.includes(need))
        findings.keyword(`DEPENDENCY_ARRAY_${isLonger ? 'EXTENDED' : 'CHANGED'}`, at, 'dependencies', 'larger')
      }
    } else if (before === undefined || Array.isArray(before)) {
      findings.keyword('DEPENDENCY_SCHEMA_ADDED', at, 'dependencies', 'added')
    } else findings.addAll(compare(had.within(before), has.within(needs), at))
  }
}

function dependenciesOf(json: JsonObject): ReadonlyMap<string, unknown> {
  const maps = [json['dependencies'], json['dependentRequired'], json['dependentSchemas']]
  return new Map(maps.flatMap((map) => (isObject(map) ? Object.entries(map) : [])))
}

/** A pattern that this engine cannot read matches nothing: Java's differ in little. */
function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(name)
  } catch {
    return false
  }
}
