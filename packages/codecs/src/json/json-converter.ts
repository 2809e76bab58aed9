/** Kafka Connect's JsonConverter, byte for byte: JSON with its schema in an envelope, or bare. */
import type { Converter, ConverterPlugin, JsonText, Schema, SchemaAndValue, Value, ValueEncoder } from '@sluice/sdk'
import { SluiceError } from '@sluice/sdk'
import { bufferOf, utf8Text } from '../utf8-text.ts'
import { located } from '../value-path.ts'
import { EnvelopeReader } from './envelope-reader.ts'
import { FlatReader } from './flat-reader.ts'
import { INEXACT } from './inexact.ts'
import { compileWriteJson } from './json-encoding.ts'
import type { WriteJson } from './json-encoding.ts'
import type { JsonNode } from './json-node.ts'
import { notJson, parseExactly } from './json-parser.ts'
import { compileReadJson } from './json-reading.ts'
import type { ReadJson } from './json-reading.ts'
import { jsonSettings, parseJsonSettings } from './json-settings.ts'
import type { JsonSettings } from './json-settings.ts'
import { JsonWriter } from './json-writer.ts'
import { writeSchema } from './schema-json.ts'
import { readSchema } from './schema-reading.ts'

/** JSON, with or without the schema. */
export const jsonConverter: ConverterPlugin = {
  name: 'json',
  aliases: ['org.apache.kafka.connect.json.JsonConverter', 'JsonConverter'],
  documentation: 'JSON, in an envelope with its schema or bare.',
  settings: jsonSettings,
  create: (settings) => new JsonConverter(parseJsonSettings(settings)),
}

const NOTHING: SchemaAndValue = Object.freeze({ schema: null, value: null })
const END_OF_ENVELOPE = 0x7d

export class JsonConverter implements Converter {
  readonly #settings: JsonSettings
  readonly #writer = new JsonWriter()
  readonly #encoders = new WeakMap<Schema, ValueEncoder>()
  readonly #schemalessEncoder: ValueEncoder
  readonly decode: Converter['decode']
  readonly jsonIn: (bytes: Uint8Array) => JsonText | undefined

  /** @throws SluiceError SETTINGS_INVALID when `schema.content` is no schema */
  constructor(settings: JsonSettings) {
    this.#settings = settings
    this.#schemalessEncoder = this.#compileSchemaless()
    const reader = this.#compileReader()
    this.decode = decoder(reader)
    this.jsonIn = (bytes) => reader.jsonIn(bytes)
  }

  encoder(_topic: string, schema: Schema | null): ValueEncoder {
    if (schema === null) return this.#schemalessEncoder
    let encoder = this.#encoders.get(schema)
    if (encoder === undefined) this.#encoders.set(schema, (encoder = this.#compileEncoder(schema)))
    return encoder
  }

  #compileSchemaless(): ValueEncoder {
    const encode = this.#encoderOf(compileWriteJson(null, this.#settings), null)
    return (value) => (value === null || value === undefined ? null : encode(value))
  }

  #compileEncoder(schema: Schema): ValueEncoder {
    return this.#encoderOf(compileWriteJson(schema, this.#settings), schema)
  }

  #encoderOf(write: WriteJson, schema: Schema | null): ValueEncoder {
    const out = this.#writer
    const prefix = this.#settings.schemasEnable ? this.#envelopeStart(schema) : undefined
    return (value) => {
      try {
        out.begin()
        if (prefix !== undefined) out.raw(prefix)
        write(out, value)
        if (prefix !== undefined) out.byte(END_OF_ENVELOPE)
        return out.finish()
      } catch (error) {
        throw located(error)
      }
    }
  }

  /** `{"schema":…,"payload":` */
  #envelopeStart(schema: Schema | null): Uint8Array {
    const out = new JsonWriter()
    out.begin()
    out.ascii('{"schema":')
    if (schema === null) out.ascii('null')
    else
      writeSchema(out, schema, (writer, each) => {
        compileWriteJson({ ...each, optional: false }, this.#settings)(writer, each.default)
      })
    out.ascii(',"payload":')
    return Uint8Array.from(out.finish())
  }

  #compileReader(): Reader {
    const { schemasEnable, schemaContent } = this.#settings
    if (!schemasEnable) return bareReader(null, this.#settings)
    return schemaContent === null
      ? new EnvelopeReader(this.#settings)
      : bareReader(schemaOf(schemaContent, this.#settings), this.#settings)
  }
}

interface Reader {
  read(bytes: Uint8Array): SchemaAndValue
  jsonIn(bytes: Uint8Array): JsonText | undefined
}

function decoder(reader: Reader): Converter['decode'] {
  return (_topic, bytes) => {
    if (bytes === null) return NOTHING
    try {
      return reader.read(bytes)
    } catch (error) {
      throw located(error)
    }
  }
}

/** Reads JSON of one schema, without an envelope. */
function bareReader(schema: Schema | null, settings: JsonSettings): Reader {
  const read = compileReadJson(schema, settings)
  const flat = new FlatReader()
  const json = { schema, before: 0, behind: 0 }
  return {
    read: (bytes) => {
      const known = flat.read(bufferOf(bytes))
      // Without a schema, what it reads is the value.
      if (known !== undefined && schema === null) return { schema, value: known as Value }
      const text = utf8Text(bytes)
      if (text === undefined) throw notJson('Invalid UTF-8')
      return { schema, value: known === undefined ? readText(text, read, flat) : readTree(known, text, read) }
    },
    jsonIn: () => json,
  }
}

/** Reads a whole text: by `JSON.parse` where that is good enough, else exactly. */
function readText(text: string, read: ReadJson, flat: FlatReader): Value {
  let node: JsonNode
  try {
    node = JSON.parse(text) as JsonNode
  } catch {
    return read(parseExactly(text).root)
  }
  flat.learn(node)
  return readTree(node, text, read)
}

function readTree(node: JsonNode, text: string, read: ReadJson): Value {
  try {
    return read(node)
  } catch (error) {
    if (error !== INEXACT) throw error
    return read(parseExactly(text).root)
  }
}

function schemaOf(content: string, settings: JsonSettings): Schema {
  const refused = (reason: string, cause?: unknown): SluiceError =>
    new SluiceError('SETTINGS_INVALID', `The setting schema.content is not a schema: ${reason}`, {
      cause,
      remedy: 'Give it in the JSON that an envelope would carry, such as {"type":"struct","fields":[…]}.',
    })
  try {
    const schema = readSchema(parseExactly(content).root, settings)
    if (schema !== null) return schema
  } catch (cause) {
    throw refused((cause as Error).message, cause)
  }
  throw refused('it is null')
}
