/** Confluent's AvroConverter: Avro behind the id of its schema, which is in a registry. */
import {
  AvroParser,
  avroText,
  connectRegistry,
  schemaIdOf,
  schemaPrefix,
  subjectNameStrategy,
} from '@sluice/schema-registry'
import type {
  AvroSchema,
  RegisteredSchema,
  SchemaRegistry,
  SchemaText,
  SubjectNameStrategy,
} from '@sluice/schema-registry'
import { PREFIX_BYTES } from '@sluice/schema-registry'
import { DataError, NotReadyError, SluiceError } from '@sluice/sdk'
import type {
  Converter,
  ConverterPlugin,
  ParsedSettings,
  Schema,
  SchemaAndValue,
  Value,
  ValueEncoder,
} from '@sluice/sdk'
import { located } from '../value-path.ts'
import { ANYTHING_TEXT, readAnything, writeAnything } from './anything.ts'
import { AvroInput } from './avro-input.ts'
import { ANYTHING, UNNAMED } from './avro-names.ts'
import { AvroOutput } from './avro-output.ts'
import { type ReadAvro, compileRead } from './avro-reading.ts'
import { avroSettings } from './avro-settings.ts'
import { compileWrite } from './avro-writing.ts'
import { schemaFromAvro } from './schema-from-avro.ts'
import { schemaToAvro } from './schema-to-avro.ts'
import type { WriteAvro } from './scalar-writing.ts'

/** Avro with a schema registry. */
export const avroConverter: ConverterPlugin = {
  name: 'avro',
  aliases: ['io.confluent.connect.avro.AvroConverter', 'AvroConverter'],
  documentation: 'Avro, with its schemas in a schema registry (the wire format of Confluent).',
  settings: avroSettings,
  sides: ['key', 'value'],
  create: (raw, side) => {
    if (side === 'header')
      throw new SluiceError('SETTINGS_INVALID', 'The Avro converter converts keys and values, not headers')
    return new AvroConverter(avroSettings.parse(raw), side, connectRegistry(raw))
  },
}

const NOTHING: SchemaAndValue = Object.freeze({ schema: null, value: null })

/** What is compiled of a schema that was written with, and of the one that is read with. */
interface ReadPlan {
  readonly schema: Schema | null
  readonly read: ReadAvro
}

export class AvroConverter implements Converter {
  readonly #settings: ParsedSettings<typeof avroSettings>
  readonly #side: 'key' | 'value'
  readonly #registry: SchemaRegistry
  readonly #subjectOf: SubjectNameStrategy
  readonly #input = new AvroInput()
  readonly #output = new AvroOutput()
  readonly #plans = new Map<number | string, ReadPlan>()
  readonly #recordNames = new Map<number, string | null>()
  readonly #writing = new Map<string, ValueEncoder>()
  readonly #encoders = new WeakMap<Schema, Map<string, ValueEncoder>>()

  /** @throws SluiceError SETTINGS_INVALID for an unknown strategy */
  constructor(settings: ParsedSettings<typeof avroSettings>, side: 'key' | 'value', registry: SchemaRegistry) {
    this.#settings = settings
    this.#side = side
    this.#registry = registry
    this.#subjectOf = subjectNameStrategy(settings[`${side}.subject.name.strategy`])
  }

  decode(topic: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return NOTHING
    const id = schemaIdOf(bytes)
    const plan = this.#settings['use.latest.version'] ? this.#latestPlan(topic, id) : this.#plan(id)
    const input = this.#input
    try {
      input.begin(bytes, PREFIX_BYTES)
      const value = plan.read(input)
      input.end()
      return { schema: plan.schema, value }
    } catch (error) {
      throw located(error)
    }
  }

  encoder(topic: string, schema: Schema | null): ValueEncoder {
    if (schema === null)
      return bounded(this.#writing, topic, this.#settings['schemas.cache.config'], () => this.#schemaless(topic))
    let byTopic = this.#encoders.get(schema)
    if (byTopic === undefined) this.#encoders.set(schema, (byTopic = new Map()))
    return bounded(byTopic, topic, this.#settings['schemas.cache.config'], () => this.#compileEncoder(topic, schema))
  }

  #plan(id: number): ReadPlan {
    return (
      this.#plans.get(id) ??
      bounded(this.#plans, id, this.#settings['schemas.cache.config'], () => {
        const writer = parsed(this.#schemaOf(id))
        return this.#compilePlan(writer, writer)
      })
    )
  }

  /** Values become those of the latest schema of the subject. */
  #latestPlan(topic: string, id: number): ReadPlan {
    const registered = this.#schemaOf(id)
    const most = this.#settings['schemas.cache.config']
    const name = bounded(this.#recordNames, id, most, () => recordNameOf(registered))
    const subject = this.#subjectOf(topic, this.#side, name)
    const latest = this.#latest(subject)
    if (latest.id === id) return this.#plan(id)
    return bounded(this.#plans, `${id} ${latest.id}`, most, () => this.#compilePlan(parsed(registered), parsed(latest)))
  }

  #compilePlan(writer: AvroSchema, reader: AvroSchema): ReadPlan {
    if ('fullName' in reader && reader.fullName === ANYTHING)
      return { schema: null, read: (input) => readAnything(input) }
    const mapping = this.#settings
    try {
      const schema = schemaFromAvro(reader, mapping)
      return { schema, read: compileRead(writer, reader, schema, mapping) }
    } catch (error) {
      throw located(error)
    }
  }

  #schemaOf(id: number): RegisteredSchema {
    const known = this.#registry.peek(id)
    if (known === undefined)
      throw new NotReadyError(`The schema ${id} is not here yet`, (signal) => this.#registry.load([id], signal))
    if (known.type === 'AVRO') return known
    throw new DataError(`The schema ${id} is ${known.type}, not Avro`, {
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

  #schemaless(topic: string): ValueEncoder {
    const encode = this.#encoderOf(topic, ANYTHING_TEXT, () => (out, value) => writeAnything(out, value))
    return (value) => (value === null || value === undefined ? null : encode(value))
  }

  #compileEncoder(topic: string, schema: Schema): ValueEncoder {
    const compile = (avro: AvroSchema): WriteAvro => compileWrite(avro, schema, this.#settings)
    const encode = this.#encoderOf(topic, schemaToAvro(schema, this.#settings), compile)
    if (!schema.optional) return encode
    // As for Confluent's, null is no bytes: a tombstone.
    return (value) => (value === null || value === undefined ? null : encode(value))
  }

  /** The schema is registered, looked up or replaced by the latest when the first value comes. */
  #encoderOf(topic: string, given: string, compile: (avro: AvroSchema) => WriteAvro): (value: Value) => Uint8Array {
    const avro = new AvroParser().parse(given)
    const text = avroText(avro, [])
    const subject = this.#subjectOf(topic, this.#side, 'fullName' in avro ? avro.fullName : null)
    const own = { type: 'AVRO', text } as const
    const isLatest = this.#settings['use.latest.version'] && !this.#settings['auto.register.schemas']
    const out = this.#output
    let id: number | undefined
    let prefix = new Uint8Array()
    let write: WriteAvro
    const prepare = (): void => {
      const registered = isLatest ? this.#latest(subject) : undefined
      const next = registered?.id ?? this.#idOf(subject, own)
      if (next === id) return
      write = compile(registered === undefined ? avro : parsed(registered))
      prefix = new Uint8Array(schemaPrefix(next))
      id = next
    }
    return (value) => {
      try {
        if (id === undefined || isLatest) prepare()
        out.begin(prefix)
        write(out, value)
        return out.finish()
      } catch (error) {
        throw located(error)
      }
    }
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

function parsed({ text, dependencies }: RegisteredSchema): AvroSchema {
  const parser = new AvroParser()
  for (const dependency of dependencies) parser.parse(dependency.text)
  return parser.parse(text)
}

function recordNameOf(registered: RegisteredSchema): string | null {
  const avro = parsed(registered)
  return 'fullName' in avro && !avro.fullName.startsWith(UNNAMED) ? avro.fullName : null
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
