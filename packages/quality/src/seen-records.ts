import type { MemoryEntry } from './check-kind.ts'
import type { JudgedRecord } from './record.ts'

export const ENTRIES_DEFAULT = 100_000

/** The keys seen last, each with the first record that had it: a memory of bounded size that forgets what it has not met for longest. */
export class SeenRecords {
  readonly #seen = new Map<string, MemoryEntry>()
  /**
   * Stands before the key that was seen longest ago: what it has passed is deleted, what is seen again moves behind it. One iterator
   * for all time, because a new one would have to step over everything deleted since the map last grew.
   */
  #oldest: MapIterator<string> = this.#seen.keys()
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
    this.#oldest = this.#seen.keys()
  }

  /** Everything remembered, longest unseen first. */
  entries(): readonly MemoryEntry[] {
    return [...this.#seen.values()]
  }

  /** Takes over what `entries` gave, in place of what is remembered now. */
  restore(entries: readonly MemoryEntry[]): void {
    this.clear()
    for (const entry of entries) this.#seen.set(entry[0], entry)
    this.#forget()
  }

  #forget(): void {
    while (this.#seen.size > this.#entriesMax) this.#seen.delete(this.#oldest.next().value!)
  }
}
