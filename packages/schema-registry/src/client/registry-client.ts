import { type Clock, SluiceError, systemClock } from '@sluice/sdk'
import type {
  CompatibilityAnswer,
  CompatibilityLevel,
  RegisterOptions,
  RegisteredSchema,
  RegistryMode,
  ResolvedReference,
  SchemaRegistry,
  SchemaText,
  SubjectVersion,
} from '../registry-port.ts'
import { type RestRequest, type Transport, pathOf } from '../rest.ts'
import { BoundedCache } from './bounded-cache.ts'
import { malformed, refusalOf } from './registry-errors.ts'
import {
  type SchemaAnswer,
  levelIn,
  numberIn,
  numbersIn,
  schemaIn,
  schemaBody,
  textIn,
  textsIn,
  versionIn,
} from './wire.ts'
import { SharedFlights } from './shared-flights.ts'

export interface RegistryClientOptions {
  readonly clock?: Clock
  /** Schemas that are kept, of each kind of question. Default 1000. */
  readonly entriesMax?: number
  /** Of all schemas that are kept for one kind of question, in characters. Default 64 million. */
  readonly charactersMax?: number
  /** How long `peekLatest` may be behind. Default: for ever, as in Confluent's clients. */
  readonly latestTtlMs?: number
  /** How long an unknown id is not asked for again. Default 10,000. */
  readonly unknownTtlMs?: number
}

interface Latest {
  readonly version: SubjectVersion
  readonly at: number
  /** Whether it was peeked at. Until then it counts as fresh: who waited for it could not go on otherwise, where it is believed for no time. */
  isSeen: boolean
}

/** Schemas of schemas of schemas: more levels are a circle. */
const DEPTH_MAX = 50

/** A registry behind a transport, with a memory. */
export class RegistryClient implements SchemaRegistry {
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #latestTtlMs: number
  readonly #unknownTtlMs: number
  readonly #flights = new SharedFlights()
  readonly #byId: BoundedCache<number, RegisteredSchema>
  readonly #byVersion: BoundedCache<string, SubjectVersion>
  readonly #registered: BoundedCache<string, RegisteredSchema>
  readonly #latest: BoundedCache<string, Latest>
  readonly #unknown: BoundedCache<number, { readonly error: unknown; readonly at: number }>

  constructor(transport: Transport, options: RegistryClientOptions = {}) {
    const { clock = systemClock, entriesMax = 1000, charactersMax = 64_000_000 } = options
    const bounds = { entriesMax, weightMax: charactersMax }
    this.#transport = transport
    this.#clock = clock
    this.#latestTtlMs = options.latestTtlMs ?? Number.POSITIVE_INFINITY
    this.#unknownTtlMs = options.unknownTtlMs ?? 10_000
    this.#byId = new BoundedCache(bounds)
    this.#byVersion = new BoundedCache(bounds)
    this.#registered = new BoundedCache(bounds)
    this.#latest = new BoundedCache(bounds)
    this.#unknown = new BoundedCache(bounds)
  }

  peek(id: number): RegisteredSchema | undefined {
    return this.#byId.get(id)
  }

  peekId(subject: string, schema: SchemaText, options?: RegisterOptions): number | undefined {
    return this.#registered.get(registrationKey(subject, schema, options))?.id
  }

  peekLatest(subject: string): SubjectVersion | undefined {
    const known = this.#latest.get(subject)
    if (known === undefined) return undefined
    const isFresh = !known.isSeen || this.#clock.monotonic() - known.at < this.#latestTtlMs
    known.isSeen = true
    return isFresh ? known.version : undefined
  }

  async load(ids: Iterable<number>, signal?: AbortSignal): Promise<void> {
    const outcomes = await Promise.allSettled([...new Set(ids)].map((id) => this.schemaById(id, signal)))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async schemaById(id: number, signal?: AbortSignal): Promise<RegisteredSchema> {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const unknown = this.#unknown.get(id)
    if (unknown !== undefined && this.#clock.monotonic() - unknown.at < this.#unknownTtlMs) throw unknown.error
    return this.#flights.share(`id ${id}`, () => this.#fetchById(id), signal)
  }

  schemaByVersion(subject: string, version: number, signal?: AbortSignal): Promise<SubjectVersion> {
    return this.#flights.share(versionKey(subject, version), () => this.#version(subject, version), signal)
  }

  latest(subject: string, signal?: AbortSignal): Promise<SubjectVersion> {
    const ask = async (): Promise<SubjectVersion> => {
      const answer = await this.#ask({ method: 'GET', path: pathOf('subjects', subject, 'versions', 'latest') })
      const version = await this.#complete(versionIn(answer, `the latest version of ${subject}`))
      this.#latest.set(subject, { version, at: this.#clock.monotonic(), isSeen: false }, weightOf(version))
      return version
    }
    return this.#flights.share(`latest ${subject}`, ask, signal)
  }

  register(
    subject: string,
    schema: SchemaText,
    options?: RegisterOptions,
    signal?: AbortSignal,
  ): Promise<RegisteredSchema> {
    const key = registrationKey(subject, schema, options)
    const ask = async (): Promise<RegisteredSchema> => {
      const known = this.#registered.get(key)
      if (known !== undefined) return known
      const path = `${pathOf('subjects', subject, 'versions')}${queryOf(options)}`
      const answer = await this.#ask({ method: 'POST', path, body: schemaBody(schema) })
      const { type, text, references = [] } = schema
      const id = numberIn(answer, 'id', path)
      const registered = await this.#complete({ id, type, text, references })
      this.#registered.set(key, registered, weightOf(registered) + key.length)
      return registered
    }
    return this.#flights.share(`register ${key}`, ask, signal)
  }

  lookUp(
    subject: string,
    schema: SchemaText,
    options?: RegisterOptions,
    signal?: AbortSignal,
  ): Promise<SubjectVersion> {
    const key = registrationKey(subject, schema, options)
    const ask = async (): Promise<SubjectVersion> => {
      const path = `${pathOf('subjects', subject)}${queryOf(options)}`
      const version = await this.#complete(
        versionIn(await this.#ask({ method: 'POST', path, body: schemaBody(schema) }), path),
      )
      this.#registered.set(key, version, weightOf(version) + key.length)
      return version
    }
    return this.#flights.share(`look up ${key}`, ask, signal)
  }

  async subjects(): Promise<readonly string[]> {
    return textsIn(await this.#ask({ method: 'GET', path: '/subjects' }), 'a question for its subjects')
  }

  async versions(subject: string): Promise<readonly number[]> {
    const path = pathOf('subjects', subject, 'versions')
    return numbersIn(await this.#ask({ method: 'GET', path }), path)
  }

  async checkCompatibility(
    subject: string,
    schema: SchemaText,
    version?: number | 'latest',
  ): Promise<CompatibilityAnswer> {
    const tail = version === undefined ? [] : [version]
    const path = `${pathOf('compatibility', 'subjects', subject, 'versions', ...tail)}?verbose=true`
    const answer = await this.#ask({ method: 'POST', path, body: schemaBody(schema) })
    const { is_compatible: isCompatible, messages = [] } = (answer ?? {}) as Readonly<Record<string, unknown>>
    if (typeof isCompatible !== 'boolean') throw malformed(path)
    return { isCompatible, messages: textsIn(messages, path) }
  }

  async compatibility(subject?: string): Promise<CompatibilityLevel> {
    const path = `${subjectPath('config', subject)}${subject === undefined ? '' : '?defaultToGlobal=true'}`
    return levelIn(await this.#ask({ method: 'GET', path }), path)
  }

  async setCompatibility(level: CompatibilityLevel, subject?: string): Promise<void> {
    await this.#ask({ method: 'PUT', path: subjectPath('config', subject), body: { compatibility: level } })
  }

  async mode(subject?: string): Promise<RegistryMode> {
    const path = `${subjectPath('mode', subject)}${subject === undefined ? '' : '?defaultToGlobal=true'}`
    return textIn(await this.#ask({ method: 'GET', path }), 'mode', path) as RegistryMode
  }

  async setMode(mode: RegistryMode, subject?: string): Promise<void> {
    await this.#ask({ method: 'PUT', path: subjectPath('mode', subject), body: { mode } })
  }

  async deleteSubject(subject: string, isPermanent = false): Promise<readonly number[]> {
    const path = `${pathOf('subjects', subject)}?permanent=${isPermanent}`
    const versions = numbersIn(await this.#ask({ method: 'DELETE', path }), path)
    this.#forget(subject)
    return versions
  }

  async deleteVersion(subject: string, version: number | 'latest', isPermanent = false): Promise<number> {
    const path = `${pathOf('subjects', subject, 'versions', version)}?permanent=${isPermanent}`
    const answer = await this.#ask({ method: 'DELETE', path })
    if (typeof answer !== 'number') throw malformed(path)
    this.#forget(subject)
    return answer
  }

  close(): void {
    this.#transport.close()
  }

  async #fetchById(id: number): Promise<RegisteredSchema> {
    const path = pathOf('schemas', 'ids', id)
    try {
      const schema = await this.#complete({ id, ...schemaIn(await this.#ask({ method: 'GET', path }), path) })
      this.#byId.set(id, schema, weightOf(schema))
      this.#unknown.delete(id)
      return schema
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'SCHEMA_UNKNOWN')
        this.#unknown.set(id, { error, at: this.#clock.monotonic() }, 0)
      throw error
    }
  }

  async #version(subject: string, version: number, depth = 0): Promise<SubjectVersion> {
    const key = versionKey(subject, version)
    const known = this.#byVersion.get(key)
    if (known !== undefined) return known
    // What refers to a version that was softly deleted meanwhile can still be read.
    const path = `${pathOf('subjects', subject, 'versions', version)}?deleted=true`
    const found = await this.#complete(versionIn(await this.#ask({ method: 'GET', path }), path), depth)
    this.#byVersion.set(key, found, weightOf(found))
    return found
  }

  /** The schema with all that it is built on. */
  async #complete<S extends SchemaAnswer>(
    schema: S,
    depth = 0,
  ): Promise<S & { dependencies: readonly ResolvedReference[] }> {
    const found = new Map<string, ResolvedReference>()
    for (const reference of schema.references) {
      if (depth > DEPTH_MAX) throw malformed('a question for references, which go round in a circle')
      const { dependencies, text } = await this.#version(reference.subject, reference.version, depth + 1)
      for (const dependency of [...dependencies, { ...reference, text }]) {
        const key = `${dependency.name} ${versionKey(dependency.subject, dependency.version)}`
        if (!found.has(key)) found.set(key, dependency)
      }
    }
    return { ...schema, dependencies: [...found.values()] }
  }

  #forget(subject: string): void {
    this.#latest.delete(subject)
    this.#registered.deleteWhere((key) => key.startsWith(`${JSON.stringify(subject)} `))
  }

  async #ask(request: RestRequest): Promise<unknown> {
    const answer = await this.#transport.send(request)
    if (answer.status < 200 || answer.status > 299) throw refusalOf(answer, `${request.method} ${request.path}`)
    return answer.body
  }
}

function registrationKey(
  subject: string,
  { type, text, references = [] }: SchemaText,
  options?: RegisterOptions,
): string {
  const uses = references.map(({ name, subject: of, version }) => [name, of, version])
  return `${JSON.stringify(subject)} ${options?.normalize === true} ${type} ${JSON.stringify(uses)} ${text}`
}

function versionKey(subject: string, version: number): string {
  return `${version} of ${subject}`
}

function queryOf(options: RegisterOptions | undefined): string {
  return options?.normalize === true ? '?normalize=true' : ''
}

function subjectPath(first: string, subject: string | undefined): string {
  return subject === undefined ? pathOf(first) : pathOf(first, subject)
}

function weightOf({ text, dependencies }: RegisteredSchema): number {
  return dependencies.reduce((sum, dependency) => sum + dependency.text.length, text.length)
}
