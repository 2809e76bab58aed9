/** About what values take in memory while they wait as JavaScript's: V8's sizes without pointer compression. */

const WORD = 8
/** Of an object: its shape, its properties and elements. */
const OBJECT = 3 * WORD
/** Of a string before its characters, of a number that is no small integer, and of a bigint up to 64 bits. */
const STRING = 16
const NUMBER = 16
const BIGINT = 24
/** Of a view of bytes with its Buffer, and of an entry of a Map. */
const BYTES = 120
const ENTRY = 4 * WORD
/** Of a Map before its entries. */
const MAP = 120
const SMALL_INTEGER_MAX = 2 ** 31

/** Bytes of the value, without the place that it stands in. Strings count as if each had its own characters. */
export function memoryOf(value: unknown): number {
  if (typeof value === 'string') return STRING + value.length * (isOneByte(value) ? 1 : 2)
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < SMALL_INTEGER_MAX ? 0 : NUMBER
  if (typeof value === 'bigint') return BIGINT
  return typeof value === 'object' && value !== null ? memoryOfObject(value) : 0
}

function memoryOfObject(value: object): number {
  if (value instanceof Uint8Array) return BYTES + value.byteLength
  let bytes = value instanceof Map ? MAP : OBJECT
  if (Array.isArray(value)) for (const item of value as unknown[]) bytes += WORD + memoryOf(item)
  else if (value instanceof Map)
    for (const [key, item] of value as ReadonlyMap<unknown, unknown>) bytes += ENTRY + memoryOf(key) + memoryOf(item)
  else for (const item of Object.values(value)) bytes += WORD + memoryOf(item)
  return bytes
}

function isOneByte(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}
