import { randomBytes } from 'node:crypto'
import { ApiError } from '../api/handler.ts'

const LENGTH_MAX = 249
const LEGAL = /^[a-zA-Z0-9._-]+$/

/** Throws INVALID_TOPIC_EXCEPTION for what cannot be a topic's name. */
export function checkTopicName(name: string): void {
  const fault = nameFault(name)
  if (fault !== undefined) throw new ApiError('INVALID_TOPIC_EXCEPTION', fault)
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > LENGTH_MAX) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${LENGTH_MAX}`
  }
  if (LEGAL.test(name)) return undefined
  return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
}

/** Two names with the same one cannot both be topics: metrics tell `.` and `_` not apart. */
export function collisionName(name: string): string {
  return name.replaceAll('.', '_')
}

/** A fresh id, in Kafka's text for a uuid. It never begins with a dash, so that command lines do not take it for an option. */
export function newTopicId(): string {
  for (;;) {
    const bytes = randomBytes(16)
    // Version 4, variant 1.
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const id = bytes.toString('base64url')
    if (!id.startsWith('-')) return id
  }
}
