/** What the bytes of keys, or of values, are: how they are written for people and programs, and read from what those write. */
import { DataError, type RawHeader } from '@sluice/sdk'

export interface ByteFormat {
  /** A JSON literal on one line. Bytes that are not what they are said to be are `{"base64": …}`: nothing is lost, and `ofJson` takes it. */
  literal(bytes: Uint8Array | null, headers?: readonly RawHeader[] | null): Promise<string>
  /** One line for people, without what a terminal would obey. */
  shown(bytes: Uint8Array | null, headers?: readonly RawHeader[] | null): Promise<string>
  /** Of a line, or of an argument. Rejects with a DataError. */
  ofText(text: string): Promise<Uint8Array | null>
  /** Of JSON as it stands in a document. Rejects with a DataError. */
  ofJson(source: string): Promise<Uint8Array | null>
  /** Ends connections. */
  close?(): void
}

/** Names beside the first ones are those of Kafka Connect's converters. */
export const PLAIN_FORMATS = ['text', 'string', 'json', 'hex', 'base64', 'bytes'] as const
export type PlainFormat = (typeof PLAIN_FORMATS)[number]

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const text: ByteFormat = {
  literal: async (bytes) => (bytes === null ? 'null' : textLiteral(bytes)),
  shown: async (bytes) => (bytes === null ? '(null)' : shownText(bytes)),
  ofText: async (given) => utf8(given),
  ofJson: async (source) => {
    const value = JSON.parse(source) as unknown
    return value === null ? null : typeof value === 'string' ? utf8(value) : markedOr(value, source)
  },
}

const json: ByteFormat = {
  // Given through as it is written, numbers too large for JavaScript included.
  literal: async (bytes) => {
    if (bytes === null) return 'null'
    const found = textOf(bytes)
    return found !== undefined && isJson(found) ? found.replaceAll(/[\r\n]+\s*/g, ' ').trim() : marked(bytes)
  },
  shown: (bytes) => text.shown(bytes),
  ofText: async (given) => {
    if (isJson(given)) return Buffer.from(given, 'utf8')
    throw new DataError('is no JSON', { remedy: 'Write each value as JSON: texts in quotation marks.' })
  },
  ofJson: async (source) => {
    const value = JSON.parse(source) as unknown
    return value === null ? null : markedOr(value, source)
  },
}

const FORMATS: Readonly<Record<PlainFormat, ByteFormat>> = {
  text,
  string: text,
  json,
  hex: coded('hex', /^(?:[\da-f]{2})*$/i),
  base64: coded('base64', /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/),
  bytes: coded('base64', /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/),
}

export function isPlainFormat(name: string): name is PlainFormat {
  return Object.hasOwn(FORMATS, name)
}

export function plainFormat(name: PlainFormat): ByteFormat {
  return FORMATS[name]
}

function coded(encoding: 'hex' | 'base64', form: RegExp): ByteFormat {
  const written = (bytes: Uint8Array): string => Buffer.from(bytes).toString(encoding)
  const read = (given: string): Uint8Array => {
    if (form.test(given)) return Buffer.from(given, encoding)
    throw new DataError(`is no ${encoding}`)
  }
  return {
    literal: async (bytes) => (bytes === null ? 'null' : JSON.stringify(written(bytes))),
    shown: async (bytes) => (bytes === null ? '(null)' : written(bytes)),
    ofText: async (given) => read(given),
    ofJson: async (source) => {
      const value = JSON.parse(source) as unknown
      if (value === null || typeof value === 'string') return value === null ? null : read(value)
      const bytes = markedBytes(value)
      if (bytes === undefined) throw new DataError(`is no text of ${encoding}`)
      return bytes
    },
  }
}

/** `{"base64": …}` */
export function marked(bytes: Uint8Array): string {
  return JSON.stringify({ base64: Buffer.from(bytes).toString('base64') })
}

/** The bytes of `{"base64": …}`; undefined of anything else. */
export function markedBytes(value: unknown): Uint8Array | undefined {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const [only] = entries
  if (entries.length !== 1 || only?.[0] !== 'base64' || typeof only[1] !== 'string') return undefined
  return Buffer.from(only[1], 'base64')
}

function utf8(given: string): Uint8Array {
  if (given.isWellFormed()) return Buffer.from(given, 'utf8')
  throw new DataError('has half of a surrogate pair, which UTF-8 has not', {
    remedy: 'Write the other half beside it, or give the bytes as {"base64": …}.',
  })
}

function markedOr(value: unknown, source: string): Uint8Array {
  return markedBytes(value) ?? Buffer.from(source, 'utf8')
}

function textLiteral(bytes: Uint8Array): string {
  const found = textOf(bytes)
  return found === undefined ? marked(bytes) : JSON.stringify(found)
}

function shownText(bytes: Uint8Array): string {
  const found = textOf(bytes)
  return found === undefined ? shownMarked(bytes) : harmless(found)
}

export function shownMarked(bytes: Uint8Array): string {
  return `(base64) ${Buffer.from(bytes).toString('base64')}`
}

/** On one line: what a terminal would obey, or a line would end at, is written as an escape. */
export function harmless(found: string): string {
  return found.replaceAll(/\p{Cc}/gu, (c) => (c === '\t' ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

function isJson(found: string): boolean {
  try {
    JSON.parse(found)
    return true
  } catch {
    return false
  }
}
