import type { TopicPartition } from '@sluice/sdk'
import type { Outcome } from './admin-port.ts'

export interface OffsetSpec extends TopicPartition {
  /** An end, the record with the largest timestamp, or the first record at or after a time (milliseconds). */
  readonly at: 'earliest' | 'latest' | 'maxTimestamp' | number
}

export interface ListedOffset {
  /** -1: there is no such record. */
  readonly offset: number
  /** Milliseconds; -1 for the ends. */
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface ActiveProducer {
  readonly producerId: number | bigint
  readonly producerEpoch: number
  readonly lastSequence: number
  /** Milliseconds. */
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  /** Where its open transaction begins in this partition; -1 when it has none. */
  readonly currentTransactionStartOffset: number
}

export interface Reassignment extends TopicPartition {
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

export interface PartitionsAdmin {
  /** With `read_committed`, `latest` is the last stable offset. */
  listOffsets<P extends OffsetSpec>(
    specs: readonly P[],
    options?: { readonly isolation?: 'read_uncommitted' | 'read_committed' },
  ): Promise<readonly Outcome<P, ListedOffset>[]>
  /** Deletes what lies before an offset; `end`: everything. The value is the first offset that is left. */
  deleteRecords<P extends TopicPartition & { readonly before: number | 'end' }>(
    partitions: readonly P[],
  ): Promise<readonly Outcome<P, number>[]>
  /** Producers whose state the leader remembers (KIP-664): finds hanging transactions. */
  describeProducers<P extends TopicPartition>(
    partitions: readonly P[],
  ): Promise<readonly Outcome<P, readonly ActiveProducer[]>[]>
  /** ELECTION_NOT_NEEDED where the leader is the wanted one already. */
  electLeaders<P extends TopicPartition>(
    partitions: readonly P[],
    election: 'preferred' | 'unclean',
  ): Promise<readonly Outcome<P>[]>
  /** Begins to move replicas; null cancels a move under way. */
  reassign<P extends TopicPartition & { readonly replicas: readonly number[] | null }>(
    partitions: readonly P[],
  ): Promise<readonly Outcome<P>[]>
  /** Moves under way: of these partitions, or of all. */
  listReassignments(partitions?: readonly TopicPartition[]): Promise<readonly Reassignment[]>
}
