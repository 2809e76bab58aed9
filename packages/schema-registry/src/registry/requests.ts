/** What a request asks for: its path, its query and its body, checked. */
import type { SchemaReference, SchemaType } from '../registry-port.ts'
import { refusals } from './refusal.ts'
import type { GivenSchema } from './registry.ts'
import type { RegistryState, StoredVersion } from './registry-state.ts'
import { DEFAULT_CONTEXT, qualifiedSubject } from './subjects.ts'

const VERSION_MAX = 2 ** 31 - 1
const TYPES: readonly string[] = ['AVRO', 'JSON', 'PROTOBUF'] satisfies SchemaType[]

/** A request on its way to the handler of its path. */
export class AskedFor {
  readonly #segments: Readonly<Record<string, string>>
  readonly #query: URLSearchParams
  readonly #body: unknown
  /** Of the URL, as in `/contexts/.lab/subjects/…`. */
  readonly context: string

  constructor(
    segments: Readonly<Record<string, string>>,
    query: URLSearchParams,
    body: unknown,
    context: string = DEFAULT_CONTEXT,
  ) {
    this.#segments = segments
    this.#query = query
    this.#body = body
    this.context = context
  }

  get subject(): string {
    return qualifiedSubject(this.#segments['subject']!, this.context)
  }

  /** The context in which an id is looked for: that of a subject in the query, or of the URL. */
  get idContext(): string {
    return qualifiedSubject(this.text('subject') ?? '', this.context)
  }

  get id(): number {
    const id = Number(this.#segments['id'])
    if (Number.isInteger(id)) return id
    throw refusals.noSuchPath()
  }

  isSet(name: string): boolean {
    return this.#query.get(name)?.toLowerCase() === 'true'
  }

  text(name: string): string | undefined {
    return this.#query.get(name) ?? undefined
  }

  /** The part of a list that is asked for by `offset` and `limit`. */
  page<T>(items: readonly T[]): readonly T[] {
    const offset = Number(this.text('offset') ?? 0)
    const limit = Number(this.text('limit') ?? -1)
    const start = Number.isInteger(offset) && offset > 0 ? offset : 0
    return items.slice(start, Number.isInteger(limit) && limit >= 0 ? start + limit : undefined)
  }

  /** The version that the path names. */
  version(state: RegistryState, withDeleted: boolean): StoredVersion {
    const { subject } = this
    const given = this.#segments['version']!
    const isLatest = given === 'latest' || given === '-1'
    const version = Number(given)
    if (!isLatest && !(Number.isInteger(version) && version >= 1 && version <= VERSION_MAX))
      throw refusals.invalidVersion(given)
    const versions = state.versions(subject, withDeleted)
    const found = isLatest ? versions.at(-1) : versions.find((stored) => stored.version === version)
    if (found !== undefined) return found
    throw versions.length === 0 ? refusals.subjectNotFound(subject) : refusals.versionNotFound(given)
  }

  /** The version that a schema is to be compared with. Beside the latest of none, every schema is right. */
  comparedVersions(state: RegistryState): readonly StoredVersion[] {
    const { version } = this.#segments
    if (state.versions(this.subject).length > 0) return [this.version(state, false)]
    if (version === 'latest' || version === '-1') return []
    throw refusals.versionNotFound(version!)
  }

  get object(): Readonly<Record<string, unknown>> {
    const body = this.#body
    if (typeof body === 'object' && body !== null && !Array.isArray(body))
      return body as Readonly<Record<string, unknown>>
    throw refusals.unreadableBody('The body is no JSON object')
  }

  get schema(): GivenSchema {
    const { schema, schemaType = 'AVRO', references, metadata, ruleSet, version, id } = this.object
    if (typeof schema !== 'string' || schema.trim() === '') throw refusals.invalidSchema('it is empty')
    const type = schemaType ?? 'AVRO'
    if (typeof type !== 'string' || !TYPES.includes(type))
      throw refusals.invalidSchema(`the schema type ${JSON.stringify(type)} is unknown`)
    return {
      type: type as SchemaType,
      text: schema,
      references: this.#references(references),
      ...(metadata == null ? {} : { metadata }),
      ...(ruleSet == null ? {} : { ruleSet }),
      ...(isPositive(version) ? { version } : {}),
      ...(isPositive(id) ? { id } : {}),
    }
  }

  #references(given: unknown): readonly SchemaReference[] {
    if (given === undefined || given === null) return []
    if (!Array.isArray(given)) throw refusals.unreadableBody('The references are no list')
    return given.map((item: unknown) => {
      const { name, subject, version } = (item ?? {}) as Partial<Record<keyof SchemaReference, unknown>>
      if (typeof name === 'string' && typeof subject === 'string' && isPositive(version))
        return { name, subject: qualifiedSubject(subject, this.context), version }
      throw refusals.unreadableBody('A reference has no name, subject or version')
    })
  }
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0
}
