import { isUtf8 } from 'node:buffer'
import { javaText, jsonConverter } from '@sluice/codecs'
import type { Schema, SinkRecord, Value, ValueEncoder } from '@sluice/sdk'

/** Values as people read them. Any value has a text. */
export class ValueText {
  readonly #converter = jsonConverter.create({ 'schemas.enable': 'false', 'decimal.format': 'NUMERIC' }, 'value')
  /** Of the schema before: records come with the same one, mostly. */
  #schema: Schema | null | undefined
  #encoder: ValueEncoder | undefined

  /** JSON, for values that JSON has nothing for the text that Java prints, as JSON text. */
  json(schema: Schema | null, value: Value): string {
    if (value === null) return 'null'
    if (value instanceof Uint8Array && schema?.name === undefined) return JSON.stringify(bytesText(value))
    try {
      const bytes = this.#encode(schema)(value)
      return bytes === null ? 'null' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
    } catch {
      return JSON.stringify(otherText(schema, value))
    }
  }

  /** A string as it is, and anything else as JSON. */
  plain(schema: Schema | null, value: Value): string {
    if (typeof value === 'string' && schema?.name === undefined) return value
    if (value instanceof Uint8Array && schema?.name === undefined) return bytesText(value)
    return this.json(schema, value)
  }

  headersJson({ headers }: SinkRecord): string {
    const texts = (headers ?? []).map(({ key, schema, value }) => `${JSON.stringify(key)}:${this.json(schema, value)}`)
    return `{${texts.join(',')}}`
  }

  #encode(schema: Schema | null): ValueEncoder {
    if (this.#encoder === undefined || schema !== this.#schema) {
      this.#encoder = this.#converter.encoder('', schema)
      this.#schema = schema
    }
    return this.#encoder
  }
}

/** The text that the bytes are, if they are one; otherwise base64. */
function bytesText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return isUtf8(buffer) ? buffer.toString('utf8') : buffer.toString('base64')
}

function otherText(schema: Schema | null, value: Value): string {
  try {
    return javaText(schema, value)
  } catch {
    return `a ${schema?.type ?? typeof value} that has no text`
  }
}
