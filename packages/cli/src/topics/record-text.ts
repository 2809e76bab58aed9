/** Records as lines: what `consume` writes, `produce` reads back. */
import { SluiceError, type RawHeader } from '@sluice/sdk'

/** How bytes are shown: as text, as the JSON that they are, or in a code for bytes. */
export const BYTE_FORMATS = ['text', 'json', 'hex', 'base64'] as const
export type ByteFormat = (typeof BYTE_FORMATS)[number]

export interface ShownRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RawHeader[] | null
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A JSON literal. Bytes that are not what they are said to be, text or JSON, are `{"base64": …}`: nothing is lost, and produce takes
 * it. JSON is given through as it is written, numbers too large for JavaScript included.
 */
export function literalOf(bytes: Uint8Array | null, format: ByteFormat): string {
  if (bytes === null) return 'null'
  if (format === 'hex') return JSON.stringify(Buffer.from(bytes).toString('hex'))
  const text = format === 'base64' ? undefined : textOf(bytes)
  if (text === undefined)
    return format === 'base64'
      ? JSON.stringify(Buffer.from(bytes).toString('base64'))
      : JSON.stringify({ base64: Buffer.from(bytes).toString('base64') })
  if (format === 'text') return JSON.stringify(text)
  return isJson(text)
    ? text.replaceAll(/[\r\n]+\s*/g, ' ').trim()
    : JSON.stringify({ base64: Buffer.from(bytes).toString('base64') })
}

export function recordLine(
  record: ShownRecord,
  formats: { readonly key: ByteFormat; readonly value: ByteFormat },
): string {
  const headers = (record.headers ?? []).map(
    ({ key, value }) => `{"key":${JSON.stringify(key)},"value":${literalOf(value, 'text')}}`,
  )
  return (
    `{"topic":${JSON.stringify(record.topic)},"partition":${record.partition},"offset":${record.offset},"timestamp":${record.timestamp},` +
    `"key":${literalOf(record.key, formats.key)},"value":${literalOf(record.value, formats.value)},"headers":[${headers.join(',')}]}\n`
  )
}

/** For people: bytes as text, with what a terminal would obey, or a line would end at, written as an escape. */
export function shownText(bytes: Uint8Array | null, format: ByteFormat): string {
  if (bytes === null) return '(null)'
  if (format === 'hex' || format === 'base64') return Buffer.from(bytes).toString(format)
  const text = textOf(bytes)
  if (text === undefined) return `(base64) ${Buffer.from(bytes).toString('base64')}`
  return text.replaceAll(/\p{Cc}/gu, (c) => (c === '\t' ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What one line of `produce --input json` says; what it does not say is undefined. */
export interface GivenRecord {
  readonly key: Uint8Array | null | undefined
  readonly value: Uint8Array | null
  readonly partition: number | undefined
  readonly timestamp: number | undefined
  readonly headers: readonly RawHeader[]
}

/** Its own words only: topic and offset of where it was read are not looked at. @throws SluiceError DATA_INVALID */
export function recordIn(line: string, place: Readonly<Record<string, number>>): GivenRecord {
  let parsed: unknown
  const sources = new Map<string, string>()
  try {
    parsed = JSON.parse(line)
    for (const name of ['key', 'value']) {
      const source = memberSource(line, name)
      if (source !== undefined) sources.set(name, source)
    }
  } catch (cause) {
    throw bad('is no JSON', place, cause)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw bad('is no JSON object with key, value, headers', place)
  const { key, value, headers = [], partition, timestamp } = parsed as Record<string, unknown>
  if (value === undefined) throw bad('has no value', place)
  if (!isWhole(partition) || !isWhole(timestamp))
    throw bad('has a partition or a timestamp that is no whole number', place)
  return {
    key: key === undefined ? undefined : bytesOf(key, sources.get('key')),
    value: bytesOf(value, sources.get('value')),
    partition,
    timestamp,
    headers: headersOf(headers, place),
  }
}

function isWhole(value: unknown): value is number | undefined {
  return value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)
}

function headersOf(headers: unknown, place: Readonly<Record<string, number>>): readonly RawHeader[] {
  const list = Array.isArray(headers)
    ? (headers as readonly unknown[])
    : Object.entries(headers ?? {}).map(([key, value]) => ({ key, value: value as unknown }))
  return list.map((header) => {
    const { key, value = null } = (header ?? {}) as { readonly key?: unknown; readonly value?: unknown }
    if (typeof key !== 'string') throw bad('has a header without a key', place)
    return { key, value: bytesOf(value, undefined) }
  })
}

/** Text is its UTF-8; `{"base64": …}` alone those bytes; anything else the JSON that stands there. */
function bytesOf(value: unknown, source: string | undefined): Uint8Array | null {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  const entries = typeof value === 'object' ? Object.entries(value) : []
  const [only] = entries
  if (entries.length === 1 && only?.[0] === 'base64' && typeof only[1] === 'string')
    return Buffer.from(only[1], 'base64')
  return Buffer.from(source ?? JSON.stringify(value), 'utf8')
}

/** The text of a member of the outermost object, as it is written; the last one counts, as for JSON.parse. */
function memberSource(line: string, name: string): string | undefined {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g
  let depth = 0
  let member: string | undefined
  let from = -1
  let found: string | undefined
  let last = ''
  for (let match = token.exec(line); match !== null; match = token.exec(line)) {
    const [text] = match
    if (depth === 1 && text === ':' && from === -1) {
      member = JSON.parse(last) as string
      from = token.lastIndex
    } else if (depth === 1 && (text === ',' || text === '}')) {
      if (member === name) found = line.slice(from, match.index).trim()
      from = -1
    }
    if (text === '{' || text === '[') depth++
    if (text === '}' || text === ']') depth--
    last = text
  }
  return found
}

function bad(what: string, place: Readonly<Record<string, number>>, cause?: unknown): SluiceError {
  return new SluiceError('DATA_INVALID', `A line of the input ${what}`, {
    place,
    remedy: 'Write each record as {"key": "k", "value": "v"} on a line of its own.',
    ...(cause === undefined ? {} : { cause }),
  })
}
