import { DataError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'

type RawJson = (text: string) => unknown

/**
 * A value as JSON on one line: bigints as integers, bytes in base64, maps as objects (of string keys) or lists of pairs.
 * @throws DataError for numbers that JSON has no text for
 */
export function jsonLine(value: Value): string {
  return JSON.stringify(value, jsonValue)
}

function jsonValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return (JSON as unknown as { readonly rawJSON: RawJson }).rawJSON(String(value))
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new DataError(`JSON has no text for the number ${value}`, {
      place: key === '' ? {} : { field: key },
      remedy: 'Replace the number by null or by text before it comes here, with a transform.',
    })
  if (typeof value !== 'object' || value === null) return value
  // A Buffer has already been turned into something else by its own toJSON.
  const original: unknown = (this as Readonly<Record<string, unknown>>)[key]
  if (original instanceof Uint8Array) return Buffer.from(original).toString('base64')
  return value instanceof Map ? mapped(value as ReadonlyMap<Value, Value>) : value
}

function mapped(map: ReadonlyMap<Value, Value>): unknown {
  const entries = [...map]
  return entries.every(([key]) => typeof key === 'string') ? Object.fromEntries(entries) : entries
}
