import { hash } from 'node:crypto'
import { canonicalJson } from './canonical.ts'
import type { MemoryEntry } from './check-kind.ts'
import type { JudgedRecord } from './record.ts'

export const ENTRIES_DEFAULT = 100_000

/** Keys longer than this are kept as a digest. */
const KEY_CHARS_MAX = 64

/** 22 characters of base64 hold 132 bits: two different keys share them with a chance of 10^-26 among a million. */
const DIGEST_CHARS = 22

/**
 * What makes a record the same as another: the canonical text of what is read from it, or a digest of that. Null when all of it is
 * null. A digest begins with `#`, a text with `[`, so that the two cannot be taken for each other.
 */
export function recordKey(record: JudgedRecord, reads: readonly ((record: JudgedRecord) => unknown)[]): string | null {
  let text = '['
  let isNull = true
  for (const read of reads) {
    const value = read(record)
    if (value !== null && value !== undefined) isNull = false
    text += `${canonicalJson(value)},`
  }
  if (isNull) return null
  return text.length <= KEY_CHARS_MAX ? text : `#${hash('sha256', text, 'base64').slice(0, DIGEST_CHARS)}`
}

/** The keys seen last, each with the first record that had it: a memory of bounded size that forgets what it has not met for longest. */
export class SeenRecords {
  readonly #seen = new Map<string, MemoryEntry>()
  readonly #entriesMax: number
  readonly #withinMs: number

  constructor(entriesMax: number, withinMs: number) {
    this.#entriesMax = entriesMax
    this.#withinMs = withinMs
  }

  get size(): number {
    return this.#seen.size
  }

  /** The earlier record with this key, or null. The same record, judged again after a retry, is not earlier than itself. */
  firstOf(key: string, record: JudgedRecord): MemoryEntry | null {
    const first = this.#seen.get(key)
    if (first === undefined) return null
    const [, topic, partition, offset, timestamp] = first
    const isSamePartition =
      offset !== null && partition === (record.partition ?? null) && topic === (record.topic ?? null)
    if (isSamePartition && record.offset !== undefined && record.offset <= offset) return null
    if (timestamp !== null && record.timestamp !== null && Math.abs(record.timestamp - timestamp) > this.#withinMs)
      return null
    return first
  }

  /** Takes note of a judged record: a duplicate keeps its key fresh; a new one is remembered if it passed. */
  settle(key: string, record: JudgedRecord, passed: boolean): void {
    const first = this.firstOf(key, record)
    if (first === null && !passed) return
    this.#seen.delete(key)
    const { topic = null, partition = null, offset = null, timestamp } = record
    this.#seen.set(key, first ?? [key, topic, partition, offset, timestamp])
    this.#forget()
  }

  clear(): void {
    this.#seen.clear()
  }

  /** Everything remembered, longest unseen first. */
  entries(): readonly MemoryEntry[] {
    return [...this.#seen.values()]
  }

  /** Takes over what `entries` gave, in place of what is remembered now. */
  restore(entries: readonly MemoryEntry[]): void {
    this.#seen.clear()
    for (const entry of entries) this.#seen.set(entry[0], entry)
    this.#forget()
  }

  #forget(): void {
    if (this.#seen.size <= this.#entriesMax) return
    for (const key of this.#seen.keys()) {
      this.#seen.delete(key)
      if (this.#seen.size <= this.#entriesMax) return
    }
  }
}
