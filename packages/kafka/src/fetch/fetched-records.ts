import { type BatchRecords, type Int64, controlType, readBatches } from '@sluice/kafka-protocol'
import type { RawHeader, TimestampType } from '@sluice/sdk'
import type { FetchedRecords, FetcherOptions } from '../port.ts'

/** A transaction that was aborted, as a fetch response lists it: its records from `firstOffset` to its marker do not count. */
export interface AbortedTransaction {
  readonly producerId: Int64
  readonly firstOffset: Int64
}

/** What a broker sent for one partition. */
export interface RawPartition {
  readonly records: Uint8Array
  readonly aborted: readonly AbortedTransaction[]
  readonly highWatermark: number
}

/**
 * The records of a fetched partition from `position` on. Batches and records before it are skipped (a broker sends whole
 * batches), and so are control batches and, for `read_committed`, aborted transactions; `nextOffset` moves over them all.
 *
 * A broker lists every aborted transaction that overlaps what it sends, also when it began before or ends behind it: what is
 * open at the end of one answer is listed again in the next.
 *
 * @throws ProtocolError for bytes that are not record batches, or whose checksum does not match
 */
export function decodeFetched(
  { records: bytes, aborted }: RawPartition,
  position: number,
  isolation: NonNullable<FetcherOptions['isolation']>,
): { readonly batches: readonly FetchedRecords[]; readonly nextOffset: number } {
  const isCommittedOnly = isolation === 'read_committed' && aborted.length > 0
  const begins = isCommittedOnly ? aborted.toSorted((a, b) => Number(a.firstOffset) - Number(b.firstOffset)) : []
  const open = new Set<Int64>()
  let begun = 0
  const batches: FetchedRecords[] = []
  let nextOffset = position
  for (const batch of readBatches(bytes)) {
    if (batch.lastOffset < position) continue
    nextOffset = batch.lastOffset + 1
    while (begun < begins.length && Number(begins[begun]!.firstOffset) <= batch.lastOffset) {
      open.add(begins[begun++]!.producerId)
    }
    if (batch.isControl) {
      if (open.has(batch.producerId) && controlType(batch.records()) === 'abort') open.delete(batch.producerId)
      continue
    }
    if (batch.count === 0 || (batch.isTransactional && open.has(batch.producerId))) continue
    const records = batch.records()
    let from = 0
    while (from < records.count && records.offset(from) < position) from++
    if (from < records.count) batches.push(new FetchedBatch(records, from))
  }
  return { batches, nextOffset }
}

/** The records of a batch from one of them on. */
class FetchedBatch implements FetchedRecords {
  readonly count: number
  readonly bytes: number
  readonly timestampType: TimestampType
  readonly #records: BatchRecords
  readonly #from: number

  constructor(records: BatchRecords, from: number) {
    this.count = records.count - from
    this.bytes = Math.ceil((records.source.length * this.count) / records.count)
    this.timestampType = records.timestampType
    this.#records = records
    this.#from = from
  }

  offset(i: number): number {
    return this.#records.offset(this.#from + i)
  }

  timestamp(i: number): number {
    return this.#records.timestamp(this.#from + i)
  }

  key(i: number): Uint8Array | null {
    return this.#records.key(this.#from + i)
  }

  value(i: number): Uint8Array | null {
    return this.#records.value(this.#from + i)
  }

  headers(i: number): readonly RawHeader[] | null {
    return this.#records.headers(this.#from + i)
  }
}
