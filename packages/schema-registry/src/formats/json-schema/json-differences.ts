/**
 * Which JSON Schemas accept all that others accept, in the words of Confluent's SchemaDiff. As there, what a schema does not say
 * counts: an object that may have any other property may have had the new one with any value.
 */
import type { Difference } from '../parsed-schema.ts'
import type { Located } from './json-documents.ts'
import { Findings, type Bound, compareBounds } from './json-findings.ts'
import { type JsonModel, modelOf } from './json-model.ts'
import { compareArrays } from './json-arrays.ts'
import { compareObjects } from './json-objects.ts'

const STRING_BOUNDS: readonly Bound[] = [
  { keyword: 'maxLength', word: 'MAX_LENGTH', isUpper: true },
  { keyword: 'minLength', word: 'MIN_LENGTH', isUpper: false },
]
const NUMBER_BOUNDS: readonly Bound[] = [
  { keyword: 'maximum', word: 'MAXIMUM', isUpper: true },
  { keyword: 'minimum', word: 'MINIMUM', isUpper: false },
  { keyword: 'exclusiveMaximum', word: 'EXCLUSIVE_MAXIMUM', isUpper: true },
  { keyword: 'exclusiveMinimum', word: 'EXCLUSIVE_MINIMUM', isUpper: false },
]

/** Everything that the writer's schema accepts and the reader's does not, as far as schemas tell. */
export function jsonDifferences(reader: Located, writer: Located): readonly Difference[] {
  return new JsonComparison().compare(writer, reader, '#')
}

/** Compares two schemas below the same path, and says what is found. */
export type CompareJson = (writer: Located, reader: Located, path: string) => readonly Difference[]

type Combined = Extract<JsonModel, { kind: 'combined' }>

class JsonComparison {
  /** Pairs that are being compared further up: schemas that contain themselves. What they are about is said there. */
  readonly #open: (readonly [unknown, unknown])[] = []
  /** Of schemas that are used in many places: what was found, and where. */
  readonly #known = new Map<unknown, Map<unknown, { readonly path: string; readonly found: readonly Difference[] }>>()
  /** The outermost of the open pairs that was met again; what was found below it holds only if that one is right. */
  #leansOn = Number.POSITIVE_INFINITY

  compare: CompareJson = (writer, reader, path) => {
    const [from, to] = [keyOf(writer), keyOf(reader)]
    const again = this.#open.findIndex(([openFrom, openTo]) => openFrom === from && openTo === to)
    if (again >= 0) {
      this.#leansOn = Math.min(this.#leansOn, again)
      return []
    }
    const known = this.#known.get(from)?.get(to)
    if (known !== undefined)
      return known.found.map((difference) => ({ ...difference, path: path + difference.path.slice(known.path.length) }))
    const outer = this.#leansOn
    this.#leansOn = Number.POSITIVE_INFINITY
    const index = this.#open.push([from, to]) - 1
    const found = this.#models(modelOf(writer), modelOf(reader), writer, reader, path)
    this.#open.pop()
    const isSettled = this.#leansOn >= index
    if (isSettled || found.length > 0) this.#remember(from, to, { path, found })
    this.#leansOn = isSettled ? outer : Math.min(outer, this.#leansOn)
    return found
  }

  #remember(from: unknown, to: unknown, what: { readonly path: string; readonly found: readonly Difference[] }): void {
    const byReader = this.#known.get(from) ?? new Map<unknown, typeof what>()
    this.#known.set(from, byReader.set(to, what))
  }

  #models(writer: JsonModel, reader: JsonModel, from: Located, to: Located, path: string): readonly Difference[] {
    if (writer.kind === 'nothing' || reader.kind === 'anything') return []
    if (writer.kind === 'combined' || reader.kind === 'combined') {
      return writer.kind === 'combined' && reader.kind === 'combined'
        ? this.#bothCombined(writer, reader, from, to, path)
        : this.#oneCombined(writer, reader, from, to, path)
    }
    if (writer.kind !== reader.kind) return [typeChanged(path, writer.kind, reader.kind)]
    const findings = new Findings()
    this.#sameKind(writer, reader, path, findings)
    return findings.all
  }

  #sameKind(writer: JsonModel, reader: JsonModel, path: string, findings: Findings): void {
    if (reader.kind === 'enum') compareEnums((writer as typeof reader).values, reader.values, path, findings)
    else if (reader.kind === 'not') {
      // What is forbidden now must have been forbidden before.
      const more = this.compare(reader.schema, (writer as typeof reader).schema, `${path}/not`)
      if (more.length > 0) findings.keyword('NOT_TYPE_EXTENDED', `${path}/not`, 'not', 'changed')
    } else if (reader.kind === 'string') compareStrings((writer as typeof reader).schema, reader.schema, path, findings)
    else if (reader.kind === 'number') compareNumbers((writer as typeof reader).schema, reader.schema, path, findings)
    else if (reader.kind === 'object')
      compareObjects((writer as typeof reader).at, reader.at, path, findings, this.compare)
    else if (reader.kind === 'array')
      compareArrays((writer as typeof reader).at, reader.at, path, findings, this.compare)
  }

  #oneCombined(writer: JsonModel, reader: JsonModel, from: Located, to: Located, path: string): readonly Difference[] {
    if (reader.kind === 'combined') {
      const found = reader.parts.map((part) => this.compare(from, part, path))
      if (reader.criterion === 'allOf') return found.flat()
      if (found.some((differences) => differences.length === 0)) return []
      return reader.parts.length === 1 ? found.flat() : [typeChanged(path, writer.kind, reader.criterion)]
    }
    const { criterion, parts } = writer as Combined
    const found = parts.map((part) => this.compare(part, to, path))
    if (criterion === 'allOf') {
      if (found.some((differences) => differences.length === 0)) return []
      return parts.length === 1 ? found.flat() : [typeChanged(path, criterion, reader.kind)]
    }
    const failing = found.filter((differences) => differences.length > 0)
    if (failing.length === 0) return []
    return parts.length === 1 ? found.flat() : [typeNarrowed(path, criterion, reader.kind)]
  }

  #bothCombined(writer: Combined, reader: Combined, from: Located, to: Located, path: string): readonly Difference[] {
    if (writer.parts.length === 1) return this.compare(writer.parts[0]!, to, path)
    if (reader.parts.length === 1) return this.compare(from, reader.parts[0]!, path)
    const at = `${path}/${reader.criterion}`
    const findings = new Findings()
    const [had, has] = [writer.parts.length, reader.parts.length]
    if (writer.criterion !== reader.criterion && reader.criterion !== 'anyOf')
      findings.keyword('COMBINED_TYPE_CHANGED', at, reader.criterion, 'changed')
    else if (reader.criterion === 'allOf' && had < has) findings.keyword('PRODUCT_TYPE_EXTENDED', at, 'allOf', 'larger')
    else if (writer.criterion !== 'allOf' && reader.criterion !== 'allOf' && had > has)
      findings.keyword('SUM_TYPE_NARROWED', at, reader.criterion, 'smaller')
    if (findings.all.length > 0) return findings.all
    if (this.#pairs(writer, reader, path) < this.#pairsNeeded(writer, reader))
      findings.keyword('COMBINED_TYPE_SUBSCHEMAS_CHANGED', at, reader.criterion, 'changed')
    return findings.all
  }

  #pairsNeeded(writer: Combined, reader: Combined): number {
    // All of the writer's alternatives must be read; of what must hold together, all that the reader asks for must be promised.
    if (writer.criterion === 'allOf') return reader.criterion === 'allOf' ? reader.parts.length : 1
    return writer.parts.length
  }

  /** How many parts of the one find a part of the other that no one else has (a matching, by augmenting paths). */
  #pairs(writer: Combined, reader: Combined, path: string): number {
    const fits = writer.parts.map((part) => reader.parts.map((other) => this.compare(part, other, path).length === 0))
    const taken = new Map<number, number>()
    const place = (from: number, tried: Set<number>): boolean =>
      reader.parts.some((_, to) => {
        if (!fits[from]![to] || tried.has(to)) return false
        tried.add(to)
        const other = taken.get(to)
        if (other !== undefined && !place(other, tried)) return false
        taken.set(to, from)
        return true
      })
    return writer.parts.filter((_, from) => place(from, new Set())).length
  }
}

/** Schemas that are made of the same JSON are the same one. */
function keyOf({ json, document }: Located): unknown {
  return typeof json === 'boolean' ? json : document.resolve(json).json
}

function typeChanged(path: string, from: string, to: string): Difference {
  const sentence = `The type at path '${path}' in the %r schema is another one than in the %w schema`
  return { kind: 'TYPE_CHANGED', path, sentence, detail: `reader: ${to}, writer: ${from}` }
}

function typeNarrowed(path: string, from: string, to: string): Difference {
  const sentence = `The type at path '${path}' in the %r schema leaves out types of the %w schema`
  return { kind: 'TYPE_NARROWED', path, sentence, detail: `reader: ${to}, writer: ${from}` }
}

function compareEnums(had: readonly string[], has: readonly string[], path: string, findings: Findings): void {
  const missing = had.filter((value) => !has.includes(value))
  if (missing.length === 0) return
  const kind = has.every((value) => had.includes(value)) ? 'ENUM_ARRAY_NARROWED' : 'ENUM_ARRAY_CHANGED'
  const at = `${path}/enum`
  findings.add(kind, at, `The %r schema has fewer values at path '${at}' than the %w schema`, missing.join(', '))
}

function compareStrings(
  had: Readonly<Record<string, unknown>>,
  has: Readonly<Record<string, unknown>>,
  path: string,
  findings: Findings,
): void {
  compareBounds(STRING_BOUNDS, had, has, path, findings)
  const [old, pattern] = [had['pattern'], has['pattern']]
  if (pattern === undefined || pattern === old) return
  const isNew = old === undefined
  findings.keyword(`PATTERN_${isNew ? 'ADDED' : 'CHANGED'}`, `${path}/pattern`, 'pattern', isNew ? 'added' : 'changed')
}

function compareNumbers(
  had: Readonly<Record<string, unknown>>,
  has: Readonly<Record<string, unknown>>,
  path: string,
  findings: Findings,
): void {
  compareBounds(NUMBER_BOUNDS, had, has, path, findings)
  if (has['type'] === 'integer' && had['type'] !== 'integer') findings.addAll([typeNarrowed(path, 'number', 'integer')])
  const [old, step] = [had['multipleOf'], has['multipleOf']]
  if (typeof step !== 'number') return
  const at = `${path}/multipleOf`
  if (typeof old !== 'number') findings.keyword('MULTIPLE_OF_ADDED', at, 'multipleOf', 'added')
  else if (step % old === 0 && step !== old) findings.keyword('MULTIPLE_OF_EXPANDED', at, 'multipleOf', 'larger')
  else if (old % step !== 0) findings.keyword('MULTIPLE_OF_CHANGED', at, 'multipleOf', 'changed')
}
