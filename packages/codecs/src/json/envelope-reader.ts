/**
 * Reads envelopes: `{"schema":…,"payload":…}`. Most of an envelope is its schema, and the schema is mostly the one of the record
 * before. So the bytes up to the payload are remembered, with what was made of them, and only compared next time.
 */
import { DataError } from '@sluice/sdk'
import type { JsonText, Schema, SchemaAndValue } from '@sluice/sdk'
import { bufferOf, utf8Text } from '../utf8-text.ts'
import { INEXACT } from './inexact.ts'
import { isJsonObject, member } from './json-node.ts'
import type { JsonNode } from './json-node.ts'
import { notJson, parseExactly } from './json-parser.ts'
import type { JsonDocument } from './json-parser.ts'
import { compileReadJson } from './json-reading.ts'
import type { ReadJson } from './json-reading.ts'
import type { JsonSettings } from './json-settings.ts'
import { readSchema } from './schema-reading.ts'

interface KnownSchema {
  readonly schema: Schema | null
  readonly read: ReadJson
}

/** An envelope's bytes up to its payload. */
interface KnownStart extends KnownSchema {
  readonly start: Buffer
  readonly payload: JsonText
}

/** How many starts are compared before an envelope is parsed as a whole. */
const STARTS = 4

export class EnvelopeReader {
  readonly #settings: JsonSettings
  /** The latest first. */
  readonly #starts: KnownStart[] = []
  /** By the schema's text; in order of use, the eldest first. */
  readonly #schemas = new Map<string, KnownSchema>()

  constructor(settings: JsonSettings) {
    this.#settings = settings
  }

  /** @throws DataError for anything but an envelope, a bad schema, or a payload that does not fit it */
  read(bytes: Uint8Array): SchemaAndValue {
    const known = this.#knownStart(bytes)
    if (known !== undefined) {
      const payload = utf8Text(bytes, known.start.length, bytes.length - 1)
      const node = payload === undefined ? undefined : parsed(payload)
      if (node !== undefined)
        try {
          return { schema: known.schema, value: known.read(node) }
        } catch (error) {
          if (error !== INEXACT) throw error
        }
    }
    return this.#readWhole(bytes)
  }

  /** Of envelopes whose schema was seen lately. */
  jsonIn(bytes: Uint8Array): JsonText | undefined {
    return this.#knownStart(bytes)?.payload
  }

  #knownStart(bytes: Uint8Array): KnownStart | undefined {
    const length = bytes.length
    if (bytes[length - 1] !== 0x7d) return undefined
    for (const known of this.#starts) {
      const { start } = known
      if (start.length < length && start.compare(bytes, 0, start.length) === 0) return known
    }
    return undefined
  }

  #readWhole(bytes: Uint8Array): SchemaAndValue {
    const text = utf8Text(bytes)
    if (text === undefined) throw notJson('Invalid UTF-8')
    const document = parseExactly(text)
    const { root } = document
    const payload = isJsonObject(root) ? member(root, 'payload') : undefined
    const schema = isJsonObject(root) ? member(root, 'schema') : undefined
    if (payload === undefined || schema === undefined || Object.keys(root as object).length !== 2)
      throw new DataError(NO_ENVELOPE, { remedy: 'Set schemas.enable=false, or schema.content to the schema.' })
    const schemaText = textOf(text, document, 'schema')
    const known = this.#schemaOf(schemaText, schema)
    this.#remember(bytes, text, schemaText, known)
    return { schema: known.schema, value: known.read(payload) }
  }

  #schemaOf(text: string, node: JsonNode): KnownSchema {
    let known = this.#schemas.get(text)
    if (known === undefined) {
      const schema = readSchema(node, this.#settings)
      known = { schema, read: compileReadJson(schema, this.#settings) }
    } else this.#schemas.delete(text)
    this.#schemas.set(text, known)
    for (const eldest of this.#schemas.keys()) {
      if (this.#schemas.size <= this.#settings.schemasCacheSize) break
      this.#schemas.delete(eldest)
    }
    return known
  }

  /** Only envelopes without blanks that begin with their schema: what comes behind the start is then the payload and a brace. */
  #remember(bytes: Uint8Array, text: string, schemaText: string, known: KnownSchema): void {
    const startText = `{"schema":${schemaText},"payload":`
    if (this.#settings.schemasCacheSize === 0 || !text.startsWith(startText)) return
    const start = Buffer.from(bufferOf(bytes).subarray(0, Buffer.byteLength(startText)))
    const same = this.#starts.findIndex((each) => each.start.equals(start))
    if (same >= 0) this.#starts.splice(same, 1)
    const payload = { schema: known.schema, before: start.length, behind: 1 }
    this.#starts.unshift({ start, payload, ...known })
    if (this.#starts.length > STARTS) this.#starts.pop()
  }
}

const NO_ENVELOPE =
  'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. ' +
  'If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.'

function parsed(text: string): JsonNode | undefined {
  try {
    return JSON.parse(text) as JsonNode
  } catch {
    return undefined
  }
}

function textOf(text: string, document: JsonDocument, name: string): string {
  const { from, to } = document.spans.get(name)!
  return text.slice(from, to)
}
