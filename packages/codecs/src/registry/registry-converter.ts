import { schemaIdOf, subjectNameStrategy } from '@sluice/schema-registry'
import type { RegisteredSchema, SchemaRegistry, SchemaText, SubjectNameStrategy } from '@sluice/schema-registry'
import { DataError, NotReadyError } from '@sluice/sdk'
import type { Converter, Schema, SchemaAndValue, ValueEncoder } from '@sluice/sdk'
import { located } from '../value-path.ts'
import type { ReadRegistered, RegistryFormat } from './registry-format.ts'
import type { SubjectSettings } from './subject-settings.ts'

const NOTHING: SchemaAndValue = Object.freeze({ schema: null, value: null })

export interface RegistryConverterOptions {
  readonly format: RegistryFormat
  readonly settings: SubjectSettings
  readonly side: 'key' | 'value'
  readonly registry: SchemaRegistry
  /** Schemas, and topics per schema, that are kept compiled. */
  readonly schemasMax: number
}

/** How values of one registered schema are written. */
export interface RegisteredWriter {
  /** Theirs; null: schemaless. */
  readonly schema: Schema | null
  readonly encode: ValueEncoder
}

/**
 * Confluent's wire format, whatever the format behind it: the id of the schema, which is in a registry, and the payload. What the
 * registry must be asked first is asked by the worker: see NotReadyError.
 */
export class RegistryConverter implements Converter {
  readonly #format: RegistryFormat
  readonly #settings: SubjectSettings
  readonly #side: 'key' | 'value'
  readonly #registry: SchemaRegistry
  readonly #subjectOf: SubjectNameStrategy
  readonly #schemasMax: number
  readonly #plans = new Map<number | string, ReadRegistered>()
  readonly #recordNames = new Map<number, string | null>()
  readonly #schemaless = new Map<string, ValueEncoder>()
  readonly #encoders = new WeakMap<Schema, Map<string, ValueEncoder>>()

  /** @throws SluiceError SETTINGS_INVALID for an unknown strategy */
  constructor({ format, settings, side, registry, schemasMax }: RegistryConverterOptions) {
    this.#format = format
    this.#settings = settings
    this.#side = side
    this.#registry = registry
    this.#schemasMax = schemasMax
    this.#subjectOf = subjectNameStrategy(settings[`${side}.subject.name.strategy`])
  }

  decode(topic: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return NOTHING
    const id = schemaIdOf(bytes)
    const read = this.#settings['use.latest.version'] ? this.#latestPlan(topic, id) : this.#plan(id)
    try {
      return read(bytes)
    } catch (error) {
      throw located(error)
    }
  }

  encoder(topic: string, schema: Schema | null): ValueEncoder {
    let byTopic = schema === null ? this.#schemaless : this.#encoders.get(schema)
    if (byTopic === undefined) this.#encoders.set(schema!, (byTopic = new Map()))
    return bounded(byTopic, topic, this.#schemasMax, () => this.#compileEncoder(topic, schema))
  }

  /**
   * How values are written with the schema of this id, whatever the subjects are.
   * @throws NotReadyError; DataError for a schema of another format
   */
  writerOf(id: number): RegisteredWriter {
    const registered = this.#schemaOf(id)
    const schema = this.#format.schemaOf(registered)
    const encode = (this.#format.writing(schema) ?? this.#refuse()).compile(id, registered)
    return {
      schema,
      encode: (value) => {
        try {
          return encode(value)
        } catch (error) {
          throw located(error)
        }
      },
    }
  }

  close(): void {
    this.#registry.close()
  }

  #plan(id: number): ReadRegistered {
    return (
      this.#plans.get(id) ??
      bounded(this.#plans, id, this.#schemasMax, () => {
        const writer = this.#schemaOf(id)
        return this.#compilePlan(writer, writer)
      })
    )
  }

  /** Values become those of the latest schema of the subject. */
  #latestPlan(topic: string, id: number): ReadRegistered {
    const writer = this.#schemaOf(id)
    const name = bounded(this.#recordNames, id, this.#schemasMax, () => this.#format.recordNameOf(writer))
    const latest = this.#latest(this.#subjectOf(topic, this.#side, name))
    if (latest.id === id) return this.#plan(id)
    return bounded(this.#plans, `${id} ${latest.id}`, this.#schemasMax, () => this.#compilePlan(writer, latest))
  }

  #compilePlan(writer: RegisteredSchema, reader: RegisteredSchema): ReadRegistered {
    try {
      return this.#format.reading(writer, reader)
    } catch (error) {
      throw located(error)
    }
  }

  /** The schema is registered, looked up or replaced by the latest when the first value comes. */
  #compileEncoder(topic: string, schema: Schema | null): ValueEncoder {
    const writing = this.#format.writing(schema)
    if (writing === null) return (value) => (value === null || value === undefined ? null : this.#refuse())
    const { recordName, isNullTombstone, checkLatest, compile } = writing
    const subject = this.#subjectOf(topic, this.#side, recordName)
    const isLatest = this.#settings['use.latest.version'] && !this.#settings['auto.register.schemas']
    let id: number | undefined
    let encode: ReturnType<typeof compile>
    const prepare = (): void => {
      const latest = isLatest ? this.#latest(subject) : undefined
      const next = latest?.id ?? this.#idOf(subject, writing.own)
      if (next === id) return
      if (latest !== undefined) checkLatest?.(latest)
      encode = compile(next, latest)
      id = next
    }
    return (value) => {
      if (isNullTombstone && (value === null || value === undefined)) return null
      try {
        if (id === undefined || isLatest) prepare()
        return encode(value)
      } catch (error) {
        throw located(error)
      }
    }
  }

  #refuse(): never {
    throw new DataError(`A value without a schema cannot be written as ${this.#format.title}`, {
      remedy: 'Use a connector, or a transform, that gives values a schema; or the JSON converter.',
    })
  }

  #schemaOf(id: number): RegisteredSchema {
    const known = this.#registry.peek(id)
    if (known === undefined)
      throw new NotReadyError(`The schema ${id} is not here yet`, (signal) => this.#registry.load([id], signal))
    if (known.type === this.#format.type) return known
    throw new DataError(`The schema ${id} is ${known.type}, not ${this.#format.title}`, {
      remedy: 'Use the converter that these records were written with.',
    })
  }

  #latest(subject: string): RegisteredSchema {
    const known = this.#registry.peekLatest(subject)
    if (known !== undefined) return known
    throw new NotReadyError(`The latest schema of ${subject} is not here yet`, (signal) =>
      this.#registry.latest(subject, signal),
    )
  }

  #idOf(subject: string, schema: SchemaText): number {
    const options = { normalize: this.#settings['normalize.schemas'] }
    const id = this.#registry.peekId(subject, schema, options)
    if (id !== undefined) return id
    const isRegistering = this.#settings['auto.register.schemas']
    throw new NotReadyError(`The schema of ${subject} is not registered yet`, (signal) =>
      isRegistering
        ? this.#registry.register(subject, schema, options, signal)
        : this.#registry.lookUp(subject, schema, options, signal),
    )
  }
}

/** What is kept under the key, or made; the one that has been kept longest makes room. */
function bounded<K, V>(kept: Map<K, V>, key: K, most: number, make: () => V): V {
  const known = kept.get(key)
  if (known !== undefined) return known
  const made = make()
  if (kept.size >= most) {
    const [oldest] = kept.keys()
    kept.delete(oldest!)
  }
  kept.set(key, made)
  return made
}
