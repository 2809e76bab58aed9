/**
 * Which Avro schemas can read what was written with which: schema resolution of the Avro 1.12 specification, with the words and paths
 * of Java's SchemaCompatibility.
 */
import type { Difference } from '../parsed-schema.ts'
import {
  type AvroArray,
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroMap,
  type AvroNamedSchema,
  type AvroRecord,
  type AvroSchema,
  type AvroUnion,
  isNamed,
} from './avro-schema.ts'

/** What a reader's type reads besides its own. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
}

/** Everything that keeps a reader of `reader` from reading what `writer` wrote. */
export function avroDifferences(reader: AvroSchema, writer: AvroSchema): readonly Difference[] {
  return new Comparison().compare(reader, writer, '')
}

class Comparison {
  /** Pairs of records that are being compared further up, or have been: they contain themselves, or are used in many places. */
  #seen: Map<AvroRecord, Set<AvroRecord>>
  readonly #refused: Map<AvroSchema, Set<AvroSchema>>

  /** Within another one: a branch that is tried and does not fit leaves no trace among the pairs that do. */
  constructor(outer: Comparison | null = null) {
    const seen = outer === null ? [] : [...outer.#seen]
    this.#seen = new Map(seen.map(([reader, writers]) => [reader, new Set(writers)]))
    this.#refused = outer === null ? new Map() : outer.#refused
  }

  compare(reader: AvroSchema, writer: AvroSchema, path: string): readonly Difference[] {
    if (writer.type === 'union') {
      return reader.type === 'union'
        ? this.#unions(reader, writer, path)
        : writer.branches.flatMap((branch) => this.compare(reader, branch, path))
    }
    if (reader.type === 'union') return this.#canRead(reader, writer) ? [] : [missingBranch(writer, path)]
    if (kindOf(reader) !== kindOf(writer)) {
      return PROMOTIONS[reader.type]?.includes(writer.type) === true ? [] : [typeMismatch(reader, writer, path)]
    }
    return this.#sameKind(reader, writer, path)
  }

  #sameKind(reader: AvroSchema, writer: AvroSchema, path: string): readonly Difference[] {
    if (reader.type === 'array') return this.compare(reader.items, (writer as AvroArray).items, `${path}/items`)
    if (reader.type === 'map') return this.compare(reader.values, (writer as AvroMap).values, `${path}/values`)
    if (!isNamed(reader)) return []
    const renamed = names(reader, writer as AvroNamedSchema, path)
    if (reader.type === 'fixed') return [...renamed, ...sizes(reader, writer as AvroFixed, path)]
    if (reader.type === 'enum') return [...renamed, ...symbols(reader, writer as AvroEnum, path)]
    return [...renamed, ...this.#fields(reader, writer as AvroRecord, path)]
  }

  #unions(reader: AvroUnion, writer: AvroUnion, path: string): readonly Difference[] {
    return writer.branches.flatMap((branch, i) =>
      this.#canRead(reader, branch) ? [] : [missingBranch(branch, `${path}/${i}`)],
    )
  }

  #canRead({ branches }: AvroUnion, writer: AvroSchema): boolean {
    return branches.some((branch) => this.#isReadable(branch, writer))
  }

  /** What is found in vain is remembered, as is what was found right: deep types would be gone through again and again. */
  #isReadable(reader: AvroSchema, writer: AvroSchema): boolean {
    const refused = this.#refused.get(reader) ?? new Set()
    if (refused.has(writer)) return false
    const trial = new Comparison(this)
    if (trial.compare(reader, writer, '').length === 0) {
      this.#seen = trial.#seen
      return true
    }
    this.#refused.set(reader, refused.add(writer))
    return false
  }

  #fields(reader: AvroRecord, writer: AvroRecord, path: string): readonly Difference[] {
    const writers = this.#seen.get(reader) ?? new Set()
    if (writers.has(writer)) return []
    this.#seen.set(reader, writers.add(writer))
    return reader.fields.flatMap((field, i) => {
      const at = `${path}/fields/${i}`
      const written = writtenField(field, writer)
      if (written !== undefined) return this.compare(field.type, written.type, `${at}/type`)
      return field.default === undefined ? [missingDefault(field, at)] : []
    })
  }
}

/** The field that the reader's field is read from: of its name, or of one of its aliases. */
function writtenField(field: AvroField, { fields }: AvroRecord): AvroField | undefined {
  const names = [field.name, ...field.aliases]
  for (const name of names) {
    const found = fields.find((candidate) => candidate.name === name)
    if (found !== undefined) return found
  }
  return undefined
}

function kindOf({ type }: AvroSchema): string {
  return type === 'error' ? 'record' : type
}

/** Unqualified names must agree, or the writer's full name be an alias of the reader's. */
function names(reader: AvroNamedSchema, writer: AvroNamedSchema, path: string): readonly Difference[] {
  if (reader.name === writer.name || reader.aliases.includes(writer.fullName)) return []
  const at = `${path}/name`
  const sentence = `The name of the schema has changed (path '${at}')`
  return [{ kind: 'NAME_MISMATCH', path: at, sentence, detail: `expected: ${writer.fullName}` }]
}

function sizes(reader: AvroFixed, writer: AvroFixed, path: string): readonly Difference[] {
  if (reader.size === writer.size) return []
  const at = `${path}/size`
  const sentence = `The size of FIXED type field at path '${at}' in the %r schema does not match with the %w schema`
  return [
    { kind: 'FIXED_SIZE_MISMATCH', path: at, sentence, detail: `expected: ${writer.size}, found: ${reader.size}` },
  ]
}

function symbols(reader: AvroEnum, writer: AvroEnum, path: string): readonly Difference[] {
  const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol)).toSorted()
  if (missing.length === 0 || reader.default !== undefined) return []
  const at = `${path}/symbols`
  const list = `[${missing.join(', ')}]`
  const sentence = `The %r schema is missing enum symbols '${list}' at path '${at}' in the %w schema`
  return [{ kind: 'MISSING_ENUM_SYMBOLS', path: at, sentence, detail: list }]
}

function missingDefault({ name }: AvroField, path: string): Difference {
  const sentence = `The field '${name}' at path '${path}' in the %r schema has no default value and is missing in the %w schema`
  return { kind: 'READER_FIELD_MISSING_DEFAULT_VALUE', path, sentence, detail: name }
}

function missingBranch(writer: AvroSchema, path: string): Difference {
  const at = path === '' ? '/' : path
  const sentence = `The %r schema is missing a type inside a union field at path '${at}' in the %w schema`
  const detail = `reader union lacking writer type: ${writer.type.toUpperCase()}`
  return { kind: 'MISSING_UNION_BRANCH', path: at, sentence, detail }
}

function typeMismatch(reader: AvroSchema, writer: AvroSchema, path: string): Difference {
  const at = path === '' ? '/' : path
  const sentence = `The type (path '${at}') of a field in the %r schema does not match with the %w schema`
  const detail = `reader type: ${reader.type.toUpperCase()} not compatible with writer type: ${writer.type.toUpperCase()}`
  return { kind: 'TYPE_MISMATCH', path: at, sentence, detail }
}
