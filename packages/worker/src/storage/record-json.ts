import { jsonConverter } from '@sluice/codecs'
import { DataError, type Value } from '@sluice/sdk'

/** Kafka Connect's own: what it writes to its topics goes through a JsonConverter without schemas. */
const json = jsonConverter.create({ 'schemas.enable': 'false' }, 'value')
const encode = json.encoder('', null)

/** An object as it came out of JSON: integers beyond 2^53 are bigints. */
export type JsonRecord = Readonly<Record<string, Value>>

/** The bytes that Kafka Connect would write. Fields in the order that they have. */
export function writeJson(value: Value): Uint8Array {
  return encode(value)!
}

/** @throws DataError */
export function readJson(bytes: Uint8Array): Value {
  return json.decode('', bytes).value
}

/** @throws DataError when it is something else, or nothing */
export function readJsonRecord(bytes: Uint8Array | null): JsonRecord {
  if (bytes === null) throw new DataError('it has no value')
  return asRecord(readJson(bytes), 'its value')
}

export function asRecord(value: Value | undefined, what: string): JsonRecord {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isRecord || value instanceof Uint8Array || value instanceof Map) throw new DataError(`${what} is no JSON object`)
  return value as JsonRecord
}

/** A field's value; undefined where there is none (and not what every object inherits). */
export function field(record: JsonRecord, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** @throws DataError when it is no text */
export function textField(record: JsonRecord, name: string): string {
  const value = field(record, name)
  if (typeof value !== 'string') throw new DataError(`its field ${name} is no text`)
  return value
}

/** @throws DataError when it is neither text nor null nor left out */
export function optionalTextField(record: JsonRecord, name: string): string | null {
  return (field(record, name) ?? null) === null ? null : textField(record, name)
}

/** @throws DataError when it is no whole number */
export function wholeField(record: JsonRecord, name: string): number {
  const value = field(record, name)
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new DataError(`its field ${name} is no whole number`)
  return value
}

/** A whole number that is not negative. */
export function countField(record: JsonRecord, name: string): number {
  const count = wholeField(record, name)
  if (count < 0) throw new DataError(`its field ${name} is negative`)
  return count
}

/** The text of a key. @throws DataError for bytes that are not UTF-8 */
export function keyText(key: Uint8Array | null): string {
  if (key === null) throw new DataError('it has no key')
  try {
    return utf8.decode(key)
  } catch (cause) {
    throw new DataError('its key is not UTF-8', { cause })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
