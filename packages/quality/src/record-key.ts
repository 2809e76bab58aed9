/** What makes a record the same as another, as a text: equal exactly for equal values, made without detours because it is made per record. */
import { hash } from 'node:crypto'
import type { ReadField } from './field-path.ts'
import type { JudgedRecord } from './record.ts'

/** Keys longer than this are kept as a digest. */
const KEY_CHARS_MAX = 64

/** 22 characters of base64 hold 132 bits: among a million keys, two different ones share them with a chance of 10^-28. */
const DIGEST_CHARS = 22

/**
 * A function from record to key: the text of what is read, or a digest of that. Null when all of it is null. A digest begins with `#`,
 * a text with `[`, so that the two cannot be taken for each other.
 */
export function compileRecordKey(reads: readonly ReadField[]): (record: JudgedRecord) => string | null {
  const fieldOrder = rememberedOrder()
  return (record) => {
    let text = '['
    let isNull = true
    for (const read of reads) {
      const value = read(record)
      if (value !== null && value !== undefined) isNull = false
      text += textOf(value, fieldOrder)
    }
    if (isNull) return null
    return text.length <= KEY_CHARS_MAX ? text : `#${hash('sha256', text, 'base64').slice(0, DIGEST_CHARS)}`
  }
}

type FieldOrder = (value: object) => readonly string[]

/** Every text says where it ends (by length, count or a closing sign), so that no two lists of values run together. */
function textOf(value: unknown, fieldOrder: FieldOrder): string {
  if (typeof value === 'string') return `${value.length}"${value}`
  if (typeof value === 'number' || typeof value === 'bigint') return `=${value};`
  if (value === null || value === undefined) return 'n'
  if (typeof value !== 'object') return value === true ? 't' : 'f'
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, sorted)).join('')}]`
  if (value instanceof Uint8Array)
    return `b${value.length}:${Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')}`
  if (value instanceof Map)
    return `<${[...value]
      .map(([key, item]) => textOf(key, sorted) + textOf(item, sorted))
      .toSorted()
      .join('')}>`
  let text = '{'
  for (const name of fieldOrder(value)) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[name]
    if (member !== undefined) text += `${name.length}"${name}${textOf(member, sorted)}`
  }
  return `${text}}`
}

function sorted(value: object): readonly string[] {
  return Object.keys(value).toSorted()
}

/** Sorts the names of an object's fields; for one whose names are those of the last, the answer is known. */
function rememberedOrder(): FieldOrder {
  let lastNames: readonly string[] = []
  let lastSorted: readonly string[] = []
  return (value) => {
    const names = Object.keys(value)
    if (names.length !== lastNames.length || names.some((name, i) => name !== lastNames[i])) {
      lastNames = names
      lastSorted = names.toSorted()
    }
    return lastSorted
  }
}
