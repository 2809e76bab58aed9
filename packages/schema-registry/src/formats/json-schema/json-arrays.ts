/** Arrays: their length, what all items are, or what each of the first ones is. */
import type { CompareJson } from './json-differences.ts'
import type { JsonObject, Located } from './json-documents.ts'
import { type Bound, type Findings, compareBounds } from './json-findings.ts'
import { modelOf } from './json-model.ts'

const BOUNDS: readonly Bound[] = [
  { keyword: 'maxItems', word: 'MAX_ITEMS', isUpper: true },
  { keyword: 'minItems', word: 'MIN_ITEMS', isUpper: false },
]

export function compareArrays(
  writer: Located,
  reader: Located,
  path: string,
  findings: Findings,
  compare: CompareJson,
): void {
  const [had, has] = [new ArrayModel(writer), new ArrayModel(reader)]
  compareBounds(BOUNDS, had.json, has.json, path, findings)
  if (has.json['uniqueItems'] === true && had.json['uniqueItems'] !== true)
    findings.keyword('UNIQUE_ITEMS_ADDED', `${path}/uniqueItems`, 'uniqueItems', 'added')
  for (let i = 0; i < Math.max(had.first.length, has.first.length); i++) {
    const at = `${path}/items/${i}`
    const [old, now] = [had.first[i], has.first[i]]
    if (old !== undefined && now !== undefined) findings.addAll(compare(old, now, at))
    else if (now === undefined) compareRemoved(old!, has, at, findings, compare)
    else compareAdded(now, had, at, findings, compare)
  }
  compareRest(had, has, path, findings, compare)
}

class ArrayModel {
  readonly json: JsonObject
  /** Schemas of the first items, one for each. */
  readonly first: readonly Located[]
  /** Of all others; `true`: anything, `false`: there are no others. */
  readonly rest: Located
  /** The keyword that says so. */
  readonly restKeyword: 'items' | 'additionalItems'

  constructor({ json, document }: Located) {
    this.json = json as JsonObject
    const within = (child: unknown): Located => ({ json: child as JsonObject | boolean, document })
    const { items, prefixItems, additionalItems } = this.json
    // A list in `items` is what later drafts call `prefixItems`; the others are then `additionalItems`.
    const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
    this.first = first.map(within)
    this.restKeyword = Array.isArray(items) ? 'additionalItems' : 'items'
    this.rest = within((Array.isArray(items) ? additionalItems : items) ?? true)
  }
}

function compareRemoved(old: Located, has: ArrayModel, path: string, findings: Findings, compare: CompareJson): void {
  if (has.rest.json === true) return
  if (has.rest.json === false) {
    if (modelOf(old).kind === 'nothing') return
    const sentence = `The item at path '${path}' in the %w schema is missing in the %r schema, which allows no other`
    findings.add('ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL', path, sentence)
  } else if (compare(old, has.rest, path).length > 0) {
    const sentence = `The item at path '${path}' in the %w schema is not covered by what the %r schema allows for others`
    findings.add('ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path, sentence)
  }
}

function compareAdded(now: Located, had: ArrayModel, path: string, findings: Findings, compare: CompareJson): void {
  if (had.rest.json === false || modelOf(now).kind === 'anything') return
  if (had.rest.json === true) {
    const sentence = `The item at path '${path}' in the %r schema may have been there with any value, as the %w schema allows others`
    findings.add('ITEM_ADDED_TO_OPEN_CONTENT_MODEL', path, sentence)
  } else if (compare(had.rest, now, path).length > 0) {
    const sentence = `The item at path '${path}' in the %r schema does not cover what the %w schema allows for others`
    findings.add('ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path, sentence)
  }
}

function compareRest(had: ArrayModel, has: ArrayModel, path: string, findings: Findings, compare: CompareJson): void {
  const [old, now] = [had.rest, has.rest]
  if (old.json === false || now.json === true) return
  const at = `${path}/${has.restKeyword}`
  const isTuple = has.restKeyword === 'additionalItems'
  if (now.json === false) findings.keyword('ADDITIONAL_ITEMS_REMOVED', at, has.restKeyword, 'changed')
  else if (old.json !== true) findings.addAll(compare(old, now, at))
  else if (modelOf(now).kind !== 'anything')
    findings.keyword(isTuple ? 'ADDITIONAL_ITEMS_NARROWED' : 'SCHEMA_ADDED', at, has.restKeyword, 'added')
}
