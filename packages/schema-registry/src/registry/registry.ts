import { COMPATIBILITY_LEVELS, type Incompatibility, parsedIncompatibilities } from '../compatibility.ts'
import type { ParsedSchema } from '../formats/parsed-schema.ts'
import type { CompatibilityLevel, RegistryMode, SchemaReference, SchemaType } from '../registry-port.ts'
import { refusals } from './refusal.ts'
import type { OpenRegistryLog, RegistryLog } from './registry-log.ts'
import { RegistryState, type SchemaContent, type StoredVersion, valueOf } from './registry-state.ts'
import type { ConfigValue, RegistryRecord, SchemaContract } from './schemas-topic.ts'
import { StoredSchemas } from './stored-schemas.ts'
import { contextOf } from './subjects.ts'
import { WriteQueue } from './write-queue.ts'

/** A schema as somebody wants it to be stored. */
export interface GivenSchema extends SchemaContract {
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
  /** Only where schemas are imported: the version and the id that it is to have. */
  readonly version?: number
  readonly id?: number
}

const MODES: readonly string[] = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT'] satisfies RegistryMode[]

/**
 * A schema registry: what may be stored under which id and version, and what is kept of it. Reads are answered from memory; writes
 * happen one after the other, each decided on what all earlier ones have left. Refusals are RegistryRefusals.
 */
export class Registry {
  readonly state = new RegistryState()
  readonly #schemas = new StoredSchemas(this.state)
  readonly #writes = new WriteQueue()
  #log: RegistryLog | undefined

  /** Resolves when everything that the log holds is known. `onUnknown` hears of records that mean nothing here. */
  static async open(
    openLog: OpenRegistryLog,
    onUnknown: (record: RegistryRecord) => void = () => undefined,
  ): Promise<Registry> {
    const registry = new Registry()
    registry.#log = await openLog((record) => {
      if (!registry.state.apply(record)) onUnknown(record)
    })
    return registry
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writes.close()
    await this.#log?.close()
  }

  /** The version of the subject that this schema is; the newest of them. */
  lookUp(subject: string, schema: GivenSchema, isNormalized: boolean, withDeleted: boolean): StoredVersion {
    if (this.state.versions(subject, withDeleted).length === 0) throw refusals.subjectNotFound(subject)
    const found = this.#find(subject, schema, this.#schemas.parse(schema), isNormalized, withDeleted)
    if (found === undefined) throw refusals.schemaNotFound()
    return found
  }

  /** Stores a schema as the next version of its subject, unless it is one of its versions already. */
  register(subject: string, schema: GivenSchema, mayNormalize: boolean): Promise<StoredVersion> {
    return this.#write((append) => this.#register(subject, schema, mayNormalize, append))
  }

  /** What speaks against this schema beside these versions, under the level of the subject. */
  check(subject: string, schema: GivenSchema, versions: readonly StoredVersion[]): readonly Incompatibility[] {
    return this.#incompatibilities(subject, this.#schemas.parse(schema), versions)
  }

  /** What holds for a subject: its own level, its context's, that of all, or BACKWARD. */
  level(subject: string | null): CompatibilityLevel {
    const level = this.#config(subject)?.['compatibilityLevel']
    return typeof level === 'string' ? (level as CompatibilityLevel) : 'BACKWARD'
  }

  mode(subject: string | null): string {
    const all = this.state.mode(null)
    if (all === 'READONLY_OVERRIDE') return all
    return (subject === null ? undefined : this.state.mode(subject)) ?? all ?? 'READWRITE'
  }

  setConfig(subject: string | null, { compatibility, ...more }: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#write(async (append) => {
      this.#mustBeWritable(subject)
      const level = compatibility === undefined ? undefined : levelOf(compatibility)
      const value: ConfigValue = {
        ...this.state.config(subject),
        ...more,
        ...(level === undefined ? {} : { compatibilityLevel: level }),
      }
      await append([{ key: { keytype: 'CONFIG', subject, magic: 0 }, value }])
    })
  }

  /** @returns what held */
  deleteConfig(subject: string | null): Promise<CompatibilityLevel> {
    return this.#write(async (append) => {
      this.#mustBeWritable(subject)
      if (subject !== null && this.state.config(subject) === undefined) throw refusals.subjectNotFound(subject)
      const held = this.level(subject)
      await append([{ key: { keytype: 'CONFIG', subject, magic: 0 }, value: null }])
      return held
    })
  }

  setMode(subject: string | null, mode: unknown, isForced: boolean): Promise<void> {
    return this.#write(async (append) => {
      const wanted = typeof mode === 'string' ? mode.toUpperCase() : ''
      if (!MODES.includes(wanted)) throw refusals.invalidMode()
      const isUsed = subject === null ? this.state.subjects().length > 0 : this.state.versions(subject).length > 0
      if (wanted === 'IMPORT' && isUsed && !isForced && this.mode(subject) !== 'IMPORT')
        throw refusals.notPermitted('Cannot import since found existing subjects')
      await append([{ key: { keytype: 'MODE', subject, magic: 0 }, value: { mode: wanted } }])
    })
  }

  /** @returns what held */
  deleteMode(subject: string): Promise<string> {
    return this.#write(async (append) => {
      const held = this.state.mode(subject)
      if (held === undefined) throw refusals.subjectNotFound(subject)
      await append([{ key: { keytype: 'MODE', subject, magic: 0 }, value: null }])
      return held
    })
  }

  /** @returns the versions that were deleted */
  deleteSubject(subject: string, isPermanent: boolean): Promise<readonly number[]> {
    return this.#write(async (append) => {
      this.#mustBeWritable(subject)
      const all = this.state.versions(subject, true)
      const live = this.state.versions(subject)
      if (all.length === 0) throw refusals.subjectNotFound(subject)
      if (isPermanent && live.length > 0) throw refusals.subjectNotSoftDeleted(subject)
      if (!isPermanent && live.length === 0) throw refusals.subjectSoftDeleted(subject)
      this.#mustBeUnused(isPermanent ? all : live)
      if (isPermanent) await append([this.#idMax(subject), ...all.map(tombstone)])
      else {
        const { version } = live.at(-1)!
        const key = { keytype: 'DELETE_SUBJECT', subject, magic: 0 } as const
        await append([{ key, value: { subject, version } }, ...this.#ownSettings(subject)])
      }
      return (isPermanent ? all : live).map(({ version }) => version)
    })
  }

  deleteVersion(subject: string, stored: StoredVersion, isPermanent: boolean): Promise<number> {
    return this.#write(async (append) => {
      this.#mustBeWritable(subject)
      const { version } = stored
      const isDeleted = this.state.version(subject, version)?.isDeleted
      if (isDeleted === undefined) throw refusals.versionNotFound(version)
      if (isPermanent && !isDeleted) throw refusals.versionNotSoftDeleted(subject, version)
      if (!isPermanent && isDeleted) throw refusals.versionSoftDeleted(subject, version)
      this.#mustBeUnused([stored])
      await append(isPermanent ? [this.#idMax(subject), tombstone(stored)] : [recordOf({ ...stored, isDeleted: true })])
      return version
    })
  }

  async #register(
    subject: string,
    given: GivenSchema,
    mayNormalize: boolean,
    append: RegistryLog['append'],
  ): Promise<StoredVersion> {
    const isNormalized = mayNormalize || this.#config(subject)?.['normalize'] === true
    const parsed = this.#schemas.parse(given)
    const known = this.#find(subject, given, parsed, isNormalized, false)
    const isAsAsked = given.version === undefined || given.version === known?.version
    if (known !== undefined && isAsAsked && (given.id === undefined || given.id === known.id)) return known
    this.#mustBeWritable(subject)
    const isImport = this.mode(subject) === 'IMPORT'
    if (given.id !== undefined && !isImport) throw refusals.notPermitted(`Subject ${subject} is not in import mode`)
    const versions = this.state.versions(subject)
    if (!isImport) {
      const found = this.#incompatibilities(subject, parsed, versions)
      if (found.length > 0) throw refusals.incompatible(subject, messagesOf(found, versions, this.level(subject)))
    }
    const text = isNormalized ? parsed.normalized : parsed.canonical
    const content = { ...contractOf(given), type: given.type, text, references: given.references }
    const version = given.version ?? (this.state.versions(subject, true).at(-1)?.version ?? 0) + 1
    const stored = { ...content, subject, version, id: this.#idFor(subject, content, given.id), isDeleted: false }
    await append([recordOf(stored)])
    return stored
  }

  #idFor(subject: string, content: SchemaContent, wanted: number | undefined): number {
    const context = contextOf(subject)
    if (wanted === undefined) return this.state.idOf(context, content) ?? this.state.idMax(context) + 1
    const [other] = this.state.withId(context, wanted)
    if (other !== undefined && other.text !== content.text)
      throw refusals.notPermitted(`Overwrite new schema with id ${wanted} is not permitted.`)
    return wanted
  }

  #find(
    subject: string,
    given: GivenSchema,
    parsed: ParsedSchema,
    isNormalized: boolean,
    withDeleted: boolean,
  ): StoredVersion | undefined {
    const uses = JSON.stringify(given.references.map(({ name, subject: of, version }) => [name, of, version]))
    const contract = JSON.stringify(contractOf(given))
    return this.state.versions(subject, withDeleted).findLast((stored) => {
      if (stored.type !== given.type) return false
      if (JSON.stringify(stored.references.map(({ name, subject: of, version }) => [name, of, version])) !== uses)
        return false
      if (contract !== '{}' && JSON.stringify(contractOf(stored)) !== contract) return false
      if (stored.text === parsed.canonical) return true
      const other = this.#schemas.parsed(stored)
      if (other === null) return false
      return other.canonical === parsed.canonical || (isNormalized && other.normalized === parsed.normalized)
    })
  }

  #incompatibilities(
    subject: string,
    next: ParsedSchema,
    versions: readonly StoredVersion[],
  ): readonly Incompatibility[] {
    const readable = versions.flatMap((stored, index) => {
      const parsed = this.#schemas.parsed(stored)
      return parsed === null ? [] : [{ parsed, index }]
    })
    const found = parsedIncompatibilities(
      this.level(subject),
      next,
      readable.map(({ parsed }) => parsed),
    )
    return found.map((incompatibility) => ({ ...incompatibility, index: readable[incompatibility.index]!.index }))
  }

  #config(subject: string | null): ConfigValue | undefined {
    return (subject === null ? undefined : this.state.config(subject)) ?? this.state.config(null)
  }

  #mustBeWritable(subject: string | null): void {
    const mode = this.mode(subject)
    if (mode.startsWith('READONLY'))
      throw refusals.notPermitted(
        subject === null ? 'The registry is in read-only mode' : `Subject ${subject} is in read-only mode`,
      )
  }

  #mustBeUnused(versions: readonly StoredVersion[]): void {
    for (const { subject, version } of versions) {
      const users = this.state.referencedBy(subject, version)
      if (users.length > 0) throw refusals.referenceExists(subject, version)
    }
  }

  /** Goes before what may take the highest id away. */
  #idMax(subject: string): RegistryRecord {
    const context = contextOf(subject)
    const key = { keytype: 'CONTEXT', tenant: 'default', context, magic: 0 } as const
    return { key, value: { tenant: 'default', context }, idMax: this.state.idMax(context) }
  }

  #ownSettings(subject: string): readonly RegistryRecord[] {
    const config = { key: { keytype: 'CONFIG', subject, magic: 0 }, value: null } as const
    const mode = { key: { keytype: 'MODE', subject, magic: 0 }, value: null } as const
    return [
      ...(this.state.config(subject) === undefined ? [] : [config]),
      ...(this.state.mode(subject) === undefined ? [] : [mode]),
    ]
  }

  #write<T>(decide: (append: RegistryLog['append']) => Promise<T>): Promise<T> {
    return this.#writes.run(() => decide((records) => this.#log!.append(records)))
  }
}

/** What is found, in the manner of Confluent's answers. */
export function messagesOf(
  found: readonly Incompatibility[],
  versions: readonly StoredVersion[],
  level: CompatibilityLevel,
): readonly string[] {
  if (found.length === 0) return []
  const reasons = found.map(
    ({ kind, description, detail }) =>
      `{errorType:'${kind}', description:'${description}', additionalInfo:'${detail}'}`,
  )
  const { version, text } = versions[found.at(-1)!.index]!
  return [...reasons, `{oldSchemaVersion: ${version}}`, `{oldSchema: '${text}'}`, `{compatibility: '${level}'}`]
}

function levelOf(given: unknown): CompatibilityLevel {
  const level = COMPATIBILITY_LEVELS.find((known) => known === (typeof given === 'string' ? given.toUpperCase() : ''))
  if (level === undefined) throw refusals.invalidLevel()
  return level
}

function contractOf({ metadata, ruleSet }: SchemaContract): SchemaContract {
  return { ...(metadata == null ? {} : { metadata }), ...(ruleSet == null ? {} : { ruleSet }) }
}

function recordOf(stored: StoredVersion): RegistryRecord {
  const { subject, version } = stored
  return { key: { keytype: 'SCHEMA', subject, version, magic: 1 }, value: valueOf(stored) }
}

function tombstone({ subject, version }: StoredVersion): RegistryRecord {
  return { key: { keytype: 'SCHEMA', subject, version, magic: 1 }, value: null }
}
