/** Bytes that a converter of Kafka Connect writes, as the JSON of what is in them. */
import { type Converter, type RawHeader, type RawSettings, type Schema, SluiceError } from '@sluice/sdk'
import type { RegisteredWriter } from '@sluice/codecs'
import { type ByteFormat, harmless, marked, markedBytes, shownMarked } from './byte-format.ts'
import { whenReady } from './readiness.ts'
import type { Side } from './registry-options.ts'

export const CONVERTER_FORMATS = [
  'avro',
  'json-schema',
  'protobuf',
  'short',
  'integer',
  'long',
  'float',
  'double',
  'boolean',
] as const

export interface ConverterFormatOptions {
  readonly side: Side
  readonly topic: string
  /** Of the converter, in its own words. */
  readonly settings: RawSettings
  /** Of the schema that is written with, where the format has a registry; undefined: only read. */
  readonly schemaId?: number
  /** Ends questions to a registry. */
  readonly signal: AbortSignal
  /** Told of bytes that are not of the format. */
  readonly onMisfit?: (reason: string) => void
}

/** What only says that these bytes are not of the format, or that nobody knows their schema. */
const MISFITS: ReadonlySet<string> = new Set([
  'DATA_INVALID',
  'VALUE_INVALID',
  'SCHEMA_UNKNOWN',
  'SCHEMA_INVALID',
  'SCHEMA_PROJECTION',
])

/** @throws SluiceError SETTINGS_INVALID, PLUGIN_UNKNOWN */
export async function converterFormat(name: string, options: ConverterFormatOptions): Promise<ByteFormat> {
  const { converterByName, jsonConverter, RegistryConverter, typedJsonReader } = await import('@sluice/codecs')
  const { side, topic, settings, schemaId, signal, onMisfit } = options
  const plugin = converterByName(name)
  if (plugin === undefined) throw new SluiceError('PLUGIN_UNKNOWN', `There is no converter ${name}`)
  const converter = plugin.create(settings, side)
  const json = jsonConverter.create({ 'schemas.enable': 'false', 'decimal.format': 'NUMERIC' }, side)
  const writer = once(() => {
    const found = writerOf(converter)
    return { ...found, read: typedJsonReader(found.schema) }
  })

  function writerOf(from: Converter): RegisteredWriter {
    if (from instanceof RegistryConverter) return from.writerOf(schemaId!)
    // What it reads nothing as has the schema of what it writes.
    const schema: Schema | null = from.decode(topic, null).schema
    return { schema, encode: from.encoder(topic, schema) }
  }

  /** Undefined: the bytes are not of the format. */
  async function decoded(bytes: Uint8Array, headers: readonly RawHeader[] | null): Promise<string | undefined> {
    try {
      const { schema, value } = await whenReady(() => converter.decode(topic, bytes, headers), signal)
      const text = json.encoder(topic, schema)(value)
      return text === null ? 'null' : Buffer.from(text).toString('utf8')
    } catch (error) {
      if (!(error instanceof SluiceError) || !MISFITS.has(error.code)) throw error
      onMisfit?.(error.message)
      return undefined
    }
  }

  const encoded = (text: string): Promise<Uint8Array | null> =>
    whenReady(() => {
      const { read, encode } = writer()
      return encode(read(text))
    }, signal)

  return {
    literal: async (bytes, headers = null) =>
      bytes === null ? 'null' : ((await decoded(bytes, headers)) ?? marked(bytes)),
    shown: async (bytes, headers = null) => {
      if (bytes === null) return '(null)'
      const text = await decoded(bytes, headers)
      return text === undefined ? shownMarked(bytes) : harmless(text)
    },
    ofText: encoded,
    ofJson: async (source) => {
      const value = JSON.parse(source) as unknown
      return value === null ? null : (markedBytes(value) ?? encoded(source))
    },
    close: () => converter.close?.(),
  }
}

/** What it throws is not kept. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
