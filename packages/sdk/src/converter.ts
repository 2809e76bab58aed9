import type { RawSettings, SettingsDeclaration } from './settings.ts'
import type { RawHeader } from './record.ts'
import type { Schema } from './schema.ts'
import type { Value } from './value.ts'

/** A value with its schema; a null schema means schemaless. */
export interface SchemaAndValue {
  readonly schema: Schema | null
  readonly value: Value
}

/** Where JSON text stands among the bytes of a value, and how it is read. */
export interface JsonText {
  /** Null: without one. */
  readonly schema: Schema | null
  /** How many bytes are in front of the text, and how many behind it. */
  readonly before: number
  readonly behind: number
}

/**
 * Encodes values of one schema. Null is a tombstone: no bytes.
 * @param headers the record's, as they will be sent: a converter of keys or values may read them and add to them (KIP-440).
 *   It must not keep the array.
 */
export type ValueEncoder = (value: Value, headers?: RawHeader[]) => Uint8Array | null

/**
 * Bytes ↔ schema and value (Connect's `Converter`). One instance serves one side (key or value) of one task.
 *
 * The work is compiled: the caller asks for an encoder once per schema and topic, keeps it while the schema object stays the
 * same, and calls it per record. Encoding and decoding are synchronous: a converter that needs what must be fetched first (a
 * registry's schema) throws NotReadyError, from any of these calls, and is called again with the same record when it is there.
 */
export interface Converter {
  /**
   * An encoder for values of this schema (null: schemaless) on this topic.
   * The encoder throws DataError for a value that does not fit its schema.
   */
  encoder(topic: string, schema: Schema | null): ValueEncoder
  /** @throws DataError for bytes that are not of this format */
  decode(topic: string, bytes: Uint8Array | null, headers?: readonly RawHeader[] | null): SchemaAndValue
  /**
   * Where the JSON text stands that `decode` would read, as Kafka Connect's JsonConverter does: for sinks that read it themselves
   * (`SinkTask.scan`). It is not looked at, so it may be no JSON. Undefined: `decode` must be asked. The same object for the same answer.
   */
  jsonIn?(bytes: Uint8Array): JsonText | undefined
  /** Whether `decode` takes any bytes: then it may be asked when somebody reads the value, or never. Default: false. */
  readonly takesAll?: boolean
  /** Ends what it holds, such as connections to a registry; what waits for them rejects. Called when the task ends. */
  close?(): void
}

/** How a converter is found by name and made from settings (`key.converter.…`, `value.converter.…`, prefix removed). */
export interface ConverterPlugin {
  /** Our name, such as `json`. */
  readonly name: string
  /** Java class names and simple names accepted for it. */
  readonly aliases: readonly string[]
  /** Of the plugin; default: that of Kafka Connect whose behaviour it keeps to. */
  readonly version?: string
  /** What it does, in a sentence or two, for the reference page. */
  readonly documentation?: string
  /** Its own settings, for validation and forms; without them only `create` tells whether settings are right. */
  readonly settings?: SettingsDeclaration
  /** What it can convert. Default: keys, values and headers. */
  readonly sides?: readonly ('key' | 'value' | 'header')[]
  create(settings: RawSettings, side: 'key' | 'value' | 'header'): Converter
}
