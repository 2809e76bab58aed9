/**
 * The door to a schema registry: everything that converters and commands may ask of it. `connectRegistry` opens one over Confluent's
 * REST API, `memoryRegistry` (of `./testing`) one within the process.
 *
 * Errors are SluiceErrors: REGISTRY_UNREACHABLE (retriable: network, time-out, 5xx, 429), REGISTRY_AUTHENTICATION, SCHEMA_UNKNOWN,
 * SUBJECT_UNKNOWN, SCHEMA_INCOMPATIBLE (with the registry's reasons), SCHEMA_INVALID, and REGISTRY_REFUSED for any other answer.
 * Those that a registry gave carry its `error_code` in their place.
 */

export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'

/** A schema that another one is built on: `name` is what the other one calls it (a full name, a URI, or the path of an import). */
export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A schema as it is given to a registry. */
export interface SchemaText {
  readonly type: SchemaType
  /** Avro and JSON Schema: JSON. Protobuf: a .proto file. */
  readonly text: string
  /** Default: none. */
  readonly references?: readonly SchemaReference[]
}

/** A referenced schema with what is in it. */
export interface ResolvedReference extends SchemaReference {
  readonly text: string
}

/** A schema as a registry gives it out. One object per id while it is cached: what is compiled of it may be kept by it. */
export interface RegisteredSchema extends SchemaText {
  readonly id: number
  readonly references: readonly SchemaReference[]
  /** All schemas it needs, those of its references too, once each: every one behind those that it needs itself. */
  readonly dependencies: readonly ResolvedReference[]
}

/** One version of a subject. */
export interface SubjectVersion extends RegisteredSchema {
  readonly subject: string
  readonly version: number
}

export type CompatibilityLevel =
  'NONE' | 'BACKWARD' | 'BACKWARD_TRANSITIVE' | 'FORWARD' | 'FORWARD_TRANSITIVE' | 'FULL' | 'FULL_TRANSITIVE'

export type RegistryMode = 'READWRITE' | 'READONLY' | 'READONLY_OVERRIDE' | 'IMPORT'

export interface CompatibilityAnswer {
  readonly isCompatible: boolean
  /** What is incompatible with what, in the registry's words; none when it is compatible. */
  readonly messages: readonly string[]
}

export interface RegisterOptions {
  /** Whether schemas that differ only in form are one. Default false, as in Confluent's clients. */
  readonly normalize?: boolean
}

/**
 * Records are converted synchronously, so there are two ways to the same schemas: the `peek…` calls tell what is in memory and never
 * wait, the others ask the registry and leave their answer in memory. A converter that peeks in vain throws NotReadyError (of
 * `@sluice/sdk`) with the call that would help; the worker waits for it and gives the record again.
 */
export interface SchemaRegistry {
  /** The schema of this id, when it is in memory. */
  peek(id: number): RegisteredSchema | undefined
  /** The id under which this schema is known to be registered, when that is in memory. The schema is compared by its text and references. */
  peekId(subject: string, schema: SchemaText, options?: RegisterOptions): number | undefined
  /**
   * The latest version of the subject, when it is in memory and not older than the time that it may be kept. Once it is there for who
   * asked for it, whatever that time is.
   */
  peekLatest(subject: string): SubjectVersion | undefined
  /** Brings the schemas of these ids into memory: afterwards `peek` knows them. Rejects with the first failure when all have settled. */
  load(ids: Iterable<number>, signal?: AbortSignal): Promise<void>

  schemaById(id: number, signal?: AbortSignal): Promise<RegisteredSchema>
  /** From memory only if it is the same version that was asked for before. @throws SluiceError SUBJECT_UNKNOWN, SCHEMA_UNKNOWN */
  schemaByVersion(subject: string, version: number, signal?: AbortSignal): Promise<SubjectVersion>
  /** Always asks. */
  latest(subject: string, signal?: AbortSignal): Promise<SubjectVersion>
  /**
   * Makes this schema a version of the subject, if it is not one already.
   * @throws SluiceError SCHEMA_INCOMPATIBLE, SCHEMA_INVALID
   */
  register(
    subject: string,
    schema: SchemaText,
    options?: RegisterOptions,
    signal?: AbortSignal,
  ): Promise<RegisteredSchema>
  /** The version of the subject that is this schema. @throws SluiceError SUBJECT_UNKNOWN, SCHEMA_UNKNOWN */
  lookUp(subject: string, schema: SchemaText, options?: RegisterOptions, signal?: AbortSignal): Promise<SubjectVersion>

  subjects(): Promise<readonly string[]>
  versions(subject: string): Promise<readonly number[]>
  /** Whether this schema could become a version, beside the given one (default: those that the subject's level asks for). */
  checkCompatibility(subject: string, schema: SchemaText, version?: number | 'latest'): Promise<CompatibilityAnswer>
  /** Of a subject, or what holds for it; without one, of all that have none of their own. */
  compatibility(subject?: string): Promise<CompatibilityLevel>
  setCompatibility(level: CompatibilityLevel, subject?: string): Promise<void>
  mode(subject?: string): Promise<RegistryMode>
  setMode(mode: RegistryMode, subject?: string): Promise<void>
  /** Softly, unless `isPermanent`: then it must have been deleted softly before. Ids go on being served after a soft one. Resolves to the versions. */
  deleteSubject(subject: string, isPermanent?: boolean): Promise<readonly number[]>
  deleteVersion(subject: string, version: number | 'latest', isPermanent?: boolean): Promise<number>

  /** Ends connections; what is under way rejects. */
  close(): void
}
