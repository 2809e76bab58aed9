import { hash } from 'node:crypto'

/**
 * JSON with sorted keys and without what is undefined: equal texts for equal data, whatever order it was written in.
 * Numbers that are not finite, bytes and maps are written as tagged objects, so that no two different values share a text.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `{"#":"${value}"}`
  if (typeof value !== 'object') return (value as boolean | bigint).toString()
  return Array.isArray(value) ? list(value) : value instanceof Map ? map(value) : object(value)
}

/** SHA-256 in hex. */
export function fingerprint(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex')
}

function list(values: readonly unknown[]): string {
  let text = '['
  for (let i = 0; i < values.length; i++) text += i === 0 ? canonicalJson(values[i]) : `,${canonicalJson(values[i])}`
  return `${text}]`
}

function map(values: ReadonlyMap<unknown, unknown>): string {
  const entries = [...values].map(([key, value]) => `[${canonicalJson(key)},${canonicalJson(value)}]`)
  return `{"#map":[${entries.toSorted().join(',')}]}`
}

function object(value: object): string {
  if (value instanceof Uint8Array)
    return `{"#bytes":"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"}`
  let text = '{'
  for (const key of Object.keys(value).toSorted()) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[key]
    if (member === undefined) continue
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`
  }
  return `${text}}`
}
