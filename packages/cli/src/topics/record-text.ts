/** Records as lines: what `consume` writes, `produce` reads back. */
import { DataError, SluiceError, type RawHeader } from '@sluice/sdk'
import { type ByteFormat, plainFormat } from './byte-format.ts'

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

/** What keys and values are. Headers are text. */
export interface RecordFormats {
  readonly key: ByteFormat
  readonly value: ByteFormat
}

const headerFormat = plainFormat('text')

export async function recordLine(record: ShownRecord, formats: RecordFormats): Promise<string> {
  const headers: string[] = []
  for (const { key, value } of record.headers ?? [])
    headers.push(`{"key":${JSON.stringify(key)},"value":${await headerFormat.literal(value)}}`)
  const key = await formats.key.literal(record.key, record.headers)
  const value = await formats.value.literal(record.value, record.headers)
  return (
    `{"topic":${JSON.stringify(record.topic)},"partition":${record.partition},"offset":${record.offset},"timestamp":${record.timestamp},` +
    `"key":${key},"value":${value},"headers":[${headers.join(',')}]}\n`
  )
}

/** What one line of `produce --input json` says; what it does not say is undefined. */
export interface GivenRecord {
  readonly key: Uint8Array | null | undefined
  readonly value: Uint8Array | null
  readonly partition: number | undefined
  readonly timestamp: number | undefined
  readonly headers: readonly RawHeader[]
}

/** Its own words only: topic and offset of where it was read are not looked at. Rejects with SluiceError DATA_INVALID. */
export async function recordIn(
  line: string,
  formats: RecordFormats,
  place: Readonly<Record<string, number>>,
): Promise<GivenRecord> {
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
    key: key === undefined ? undefined : await inLine('key', place, () => formats.key.ofJson(sources.get('key')!)),
    value: await inLine('value', place, () => formats.value.ofJson(sources.get('value')!)),
    partition,
    timestamp,
    headers: await headersOf(headers, place),
  }
}

function isWhole(value: unknown): value is number | undefined {
  return value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)
}

async function headersOf(headers: unknown, place: Readonly<Record<string, number>>): Promise<readonly RawHeader[]> {
  const list = Array.isArray(headers)
    ? (headers as readonly unknown[])
    : Object.entries(headers ?? {}).map(([key, value]) => ({ key, value: value as unknown }))
  const found: RawHeader[] = []
  for (const header of list) {
    const { key, value = null } = (header ?? {}) as { readonly key?: unknown; readonly value?: unknown }
    if (typeof key !== 'string') throw bad('has a header without a key', place)
    found.push({ key, value: await headerFormat.ofJson(JSON.stringify(value)) })
  }
  return found
}

/** What keys and values are refused for is told with the line that they are in. */
export async function inLine<T>(
  what: string,
  place: Readonly<Record<string, number>>,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    throw new SluiceError('DATA_INVALID', `The ${what} in a line of the input is not as it must be: ${error.message}`, {
      place,
      remedy: error.remedy ?? 'Write it as the format and the schema have it.',
    })
  }
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
