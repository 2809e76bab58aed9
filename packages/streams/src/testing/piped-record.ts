import type { FetchedPartition, FetchedRecords } from '@sluice/kafka'
import { bytesOf } from '../record-path/output-batch.ts'
import type { PipedFacts } from './test-topics.ts'

/** A record that a source topic of the topology has, and no task has processed. */
export interface PipedRecord {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly facts: PipedFacts
}

/** As it is fetched. */
export function oneRecord(offset: number, { topic, key, value, facts }: PipedRecord): FetchedPartition {
  const headers = facts.headers ?? null
  const timestamp = facts.timestamp ?? 0
  const batch: FetchedRecords = {
    count: 1,
    offset: () => offset,
    timestamp: () => timestamp,
    timestampType: 'create',
    key: () => key,
    value: () => value,
    headers: () => headers,
    bytes: bytesOf({ key, value, headers }),
  }
  return {
    topic,
    partition: 0,
    batches: [batch],
    nextOffset: offset + 1,
    highWatermark: offset + 1,
    lastStableOffset: offset + 1,
    logStartOffset: 0,
    leaderEpoch: 0,
    topicId: '',
  }
}
