import type { FetchedPartition } from '@sluice/kafka'
import type { RawHeader } from '@sluice/sdk'
import { fetchedRecords } from '../../src/testing/simulator/simulated-log.ts'

export interface FetchedRow {
  readonly offset: number
  /** Default: as the offset. */
  readonly timestamp?: number
  /** Default: none. */
  readonly key?: string | null
  readonly value?: string | null
}

export interface FetchedOptions {
  /** Default `in`. */
  readonly topic?: string
  readonly partition?: number
  /** Where to go on. Default: right behind the last row. */
  readonly nextOffset?: number
  /** Of the partition. Default: as `nextOffset`. */
  readonly endOffset?: number
  /** Of each row. Default: none. */
  readonly headers?: readonly RawHeader[]
  /** Of all of them. Default: those that keys and values have. */
  readonly bytes?: number
  readonly release?: () => void
}

/** What one fetch brings of a partition, in one batch. */
export function fetchedPartition(rows: readonly FetchedRow[], options: FetchedOptions = {}): FetchedPartition {
  const batch = fetchedRecords(
    rows.map(({ offset, timestamp = offset, key = null, value = null }) => ({
      offset,
      timestamp,
      key: bytesOf(key),
      value: bytesOf(value),
      headers: [],
      transaction: null,
    })),
  )
  const { topic = 'in', partition = 0, headers = null, bytes = batch.bytes, release } = options
  const { nextOffset = (rows.at(-1)?.offset ?? -1) + 1 } = options
  const { endOffset = nextOffset } = options
  return {
    topic,
    partition,
    batches: [{ ...batch, headers: () => headers, bytes, ...(release && { release }) }],
    nextOffset,
    highWatermark: endOffset,
    lastStableOffset: endOffset,
    logStartOffset: 0,
    leaderEpoch: 0,
    topicId: '',
  }
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text)
}
