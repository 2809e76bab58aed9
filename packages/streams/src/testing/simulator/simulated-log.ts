import type { FetchedRecords } from '@sluice/kafka'
import type { RawHeader } from '@sluice/sdk'

/** A transaction of a producer, as partitions see it. */
export interface LogTransaction {
  state: 'open' | 'committed' | 'aborted'
}

/** A record of the log. */
export interface LogRecord {
  readonly offset: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly RawHeader[]
  /** Null: written without one. */
  readonly transaction: LogTransaction | null
}

export type Isolation = 'read_committed' | 'read_uncommitted'

/** What lies in a partition from some offset on, for a reader. */
export interface LogSlice {
  readonly records: readonly LogRecord[]
  readonly nextOffset: number
}

/** One partition: records of transactions that are open, committed and aborted, and markers at their ends, which take an offset. */
export class SimulatedPartition {
  /** Null: a marker. */
  readonly #entries: (LogRecord | null)[] = []
  /** Where transactions begin here that are still open. */
  readonly #open = new Map<LogTransaction, number>()

  get endOffset(): number {
    return this.#entries.length
  }

  get lastStableOffset(): number {
    let first = this.endOffset
    for (const offset of this.#open.values()) first = Math.min(first, offset)
    return first
  }

  append(record: Omit<LogRecord, 'offset' | 'transaction'>, transaction: LogTransaction | null): number {
    const offset = this.#entries.length
    this.#entries.push({ ...record, offset, transaction })
    if (transaction !== null && !this.#open.has(transaction)) this.#open.set(transaction, offset)
    return offset
  }

  /** Puts the marker of a transaction that has come to its end. */
  mark(transaction: LogTransaction): void {
    if (!this.#open.delete(transaction)) return
    this.#entries.push(null)
  }

  at(offset: number): LogRecord | null {
    return this.#entries[offset] ?? null
  }

  /** At most so many records, as a reader of that isolation finds them. */
  read(from: number, isolation: Isolation, max: number): LogSlice {
    const end = isolation === 'read_committed' ? this.lastStableOffset : this.endOffset
    const records: LogRecord[] = []
    let at = from
    for (; at < end && records.length < max; at++) {
      const entry = this.#entries[at]!
      if (entry !== null && isVisible(entry, isolation)) records.push(entry)
    }
    return { records, nextOffset: Math.max(from, at) }
  }

  /** Every record that a reader of committed records finds. */
  committed(before: number = this.endOffset): readonly LogRecord[] {
    return this.read(0, 'read_committed', Infinity).records.filter(({ offset }) => offset < before)
  }

  /** The first offset at or after a time; where the log ends, if there is none. */
  offsetAt(timestamp: number): number {
    const found = this.#entries.findIndex((entry) => entry !== null && entry.timestamp >= timestamp)
    return found === -1 ? this.endOffset : found
  }
}

function isVisible({ transaction }: LogRecord, isolation: Isolation): boolean {
  return isolation === 'read_uncommitted' || transaction === null || transaction.state === 'committed'
}

/** Records as a fetch brings them. */
export function fetchedRecords(records: readonly LogRecord[]): FetchedRecords {
  return {
    count: records.length,
    offset: (i) => records[i]!.offset,
    timestamp: (i) => records[i]!.timestamp,
    timestampType: 'create',
    key: (i) => records[i]!.key,
    value: (i) => records[i]!.value,
    headers: (i) => records[i]!.headers,
    bytes: records.reduce((sum, { key, value }) => sum + (key?.byteLength ?? 0) + (value?.byteLength ?? 0), 0),
  }
}
