import type { SchemaReference, SchemaType } from '../registry-port.ts'
import type {
  ConfigValue,
  DeleteSubjectValue,
  ModeValue,
  RegistryRecord,
  SchemaContract,
  SchemaValue,
} from './schemas-topic.ts'
import { contextOf } from './subjects.ts'

/** One version of a subject, as it stands in the topic. */
export interface StoredVersion extends SchemaContract {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
  /** Softly: it is not found any more, except by its id. */
  readonly isDeleted: boolean
}

/** What a schema is known by: two of the same content have the same id within a context. */
export type SchemaContent = Pick<StoredVersion, 'type' | 'text' | 'references' | 'metadata' | 'ruleSet'>

/** Everything that a registry knows, made of the records of its topic in their order and of nothing else. */
export class RegistryState {
  /** By subject and version, in ascending order of versions. */
  readonly #subjects = new Map<string, Map<number, StoredVersion>>()
  /** By context and id: any version that has it. */
  readonly #byId = new Map<string, Map<number, StoredVersion[]>>()
  readonly #ids = new Map<string, number>()
  readonly #idMax = new Map<string, number>()
  readonly #configs = new Map<string | null, ConfigValue>()
  readonly #modes = new Map<string | null, ModeValue>()

  /** @returns false for a record that means nothing here */
  apply({ key, value, idMax }: RegistryRecord): boolean {
    switch (key.keytype) {
      case 'SCHEMA':
        this.#forget(key.subject, key.version)
        if (value !== null) this.#store(versionOf(value as SchemaValue))
        return true
      case 'DELETE_SUBJECT':
        if (value !== null) this.#deleteUpTo(value as DeleteSubjectValue)
        return true
      case 'CLEAR_SUBJECT':
        for (const { version } of this.versions(key.subject, true)) this.#forget(key.subject, version)
        return true
      case 'CONFIG':
        put(this.#configs, key.subject, value as ConfigValue | null)
        return true
      case 'MODE':
        put(this.#modes, key.subject, value as ModeValue | null)
        return true
      case 'CONTEXT':
        if (idMax !== undefined) this.#raise(key.context, idMax)
        return true
      case 'NOOP':
        return true
      default:
        return false
    }
  }

  /** Subjects with a version, in alphabetical order; also those of which all versions are softly deleted, if wanted. */
  subjects(withDeleted = false): readonly string[] {
    return [...this.#subjects.keys()].filter((subject) => this.versions(subject, withDeleted).length > 0).toSorted()
  }

  /** In ascending order. */
  versions(subject: string, withDeleted = false): readonly StoredVersion[] {
    const all = [...(this.#subjects.get(subject)?.values() ?? [])]
    return (withDeleted ? all : all.filter(({ isDeleted }) => !isDeleted)).toSorted((a, b) => a.version - b.version)
  }

  version(subject: string, version: number): StoredVersion | undefined {
    return this.#subjects.get(subject)?.get(version)
  }

  /** Every version with this id, softly deleted ones too. */
  withId(context: string, id: number): readonly StoredVersion[] {
    return this.#byId.get(context)?.get(id) ?? []
  }

  /** The id that this content has in the context. */
  idOf(context: string, content: SchemaContent): number | undefined {
    return this.#ids.get(identity(context, content))
  }

  /** The highest id that was ever given out in the context; 0: none. */
  idMax(context: string): number {
    return this.#idMax.get(context) ?? 0
  }

  contexts(): readonly string[] {
    return [...new Set(['.', ...[...this.#subjects.keys()].map(contextOf)])].toSorted()
  }

  /** Ids of the schemas that are not deleted and are built on this version. */
  referencedBy(subject: string, version: number): readonly number[] {
    const users = [...this.#subjects.values()].flatMap((versions) => [...versions.values()])
    const ids = users.filter(
      ({ isDeleted, references }) =>
        !isDeleted && references.some((reference) => reference.subject === subject && reference.version === version),
    )
    return [...new Set(ids.map(({ id }) => id))].toSorted((a, b) => a - b)
  }

  /** Null: of all subjects that have none. */
  config(subject: string | null): ConfigValue | undefined {
    return this.#configs.get(subject)
  }

  mode(subject: string | null): string | undefined {
    return this.#modes.get(subject)?.mode
  }

  #store(stored: StoredVersion): void {
    const { subject, version, id } = stored
    const context = contextOf(subject)
    const versions = this.#subjects.get(subject) ?? new Map<number, StoredVersion>()
    this.#subjects.set(subject, versions.set(version, stored))
    const ids = this.#byId.get(context) ?? new Map<number, StoredVersion[]>()
    this.#byId.set(context, ids.set(id, [...(ids.get(id) ?? []), stored]))
    const known = identity(context, stored)
    // What Kafka holds decides; of two ids for the same content the first goes on being given out.
    if (!this.#ids.has(known)) this.#ids.set(known, id)
    this.#raise(context, id)
  }

  #forget(subject: string, version: number): void {
    const stored = this.#subjects.get(subject)?.get(version)
    if (stored === undefined) return
    const context = contextOf(subject)
    const ids = this.#byId.get(context)!
    const others = ids.get(stored.id)!.filter((other) => other !== stored)
    if (others.length > 0) ids.set(stored.id, others)
    else {
      ids.delete(stored.id)
      if (this.#ids.get(identity(context, stored)) === stored.id) this.#ids.delete(identity(context, stored))
    }
    const versions = this.#subjects.get(subject)!
    versions.delete(version)
    if (versions.size === 0) this.#subjects.delete(subject)
  }

  #deleteUpTo({ subject, version }: DeleteSubjectValue): void {
    for (const stored of this.versions(subject)) {
      if (stored.version > version) continue
      this.#forget(subject, stored.version)
      this.#store({ ...stored, isDeleted: true })
    }
  }

  #raise(context: string, id: number): void {
    this.#idMax.set(context, Math.max(this.idMax(context), id))
  }
}

function versionOf(value: SchemaValue): StoredVersion {
  const { subject, version, id, schemaType = 'AVRO', schema, references = [], deleted, metadata, ruleSet } = value
  return {
    subject,
    version,
    id,
    type: schemaType,
    text: schema,
    references,
    isDeleted: deleted,
    ...(metadata === undefined || metadata === null ? {} : { metadata }),
    ...(ruleSet === undefined || ruleSet === null ? {} : { ruleSet }),
  }
}

/** What is written for a version. */
export function valueOf(stored: StoredVersion): SchemaValue {
  const { subject, version, id, type, text, references, isDeleted, metadata, ruleSet } = stored
  return {
    subject,
    version,
    id,
    ...(type === 'AVRO' ? {} : { schemaType: type }),
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
    schema: text,
    deleted: isDeleted,
  }
}

function identity(context: string, { type, text, references, metadata, ruleSet }: SchemaContent): string {
  const uses = references.map(({ name, subject, version }) => [name, subject, version])
  return JSON.stringify([context, type, text, uses, metadata ?? null, ruleSet ?? null])
}

function put<V>(map: Map<string | null, V>, key: string | null, value: V | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
