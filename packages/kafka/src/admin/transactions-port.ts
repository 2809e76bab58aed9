import type { TopicPartition } from '@sluice/sdk'
import type { Outcome } from './admin-port.ts'

export interface TransactionListing {
  readonly transactionalId: string
  readonly producerId: number | bigint
  /** Kafka's word: `Empty`, `Ongoing`, `PrepareCommit`, `PrepareAbort`, `CompleteCommit`, `CompleteAbort` … */
  readonly state: string
}

export interface TransactionDescription extends TransactionListing {
  readonly producerEpoch: number
  readonly timeoutMs: number
  /** Milliseconds since the epoch; -1 when none is open. */
  readonly startTimeMs: number
  readonly partitions: readonly TopicPartition[]
}

/** A transaction that hangs in one partition: as `partitions.describeProducers` shows it. */
export interface HangingTransaction extends TopicPartition {
  readonly producerId: number | bigint
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
}

export interface TransactionsAdmin {
  /** Of all brokers. `runningLongerThanMs` from Apache Kafka 3.8 on, `pattern` (RE2/J) from 4.1 on. */
  list(options?: {
    readonly states?: readonly string[]
    readonly producerIds?: readonly (number | bigint)[]
    readonly runningLongerThanMs?: number
    readonly pattern?: string
  }): Promise<readonly TransactionListing[]>
  /** TRANSACTIONAL_ID_NOT_FOUND for one that was never used, or has expired. */
  describe(transactionalIds: readonly string[]): Promise<readonly Outcome<string, TransactionDescription>[]>
  /** Shuts out whoever uses these ids now, and aborts what they have open. The value is the new producer id and epoch. */
  fenceProducers(
    transactionalIds: readonly string[],
  ): Promise<readonly Outcome<string, { readonly producerId: number | bigint; readonly producerEpoch: number }>[]>
  /** Writes an abort marker into one partition: for a transaction whose coordinator has forgotten it (KIP-664). */
  abort(transaction: HangingTransaction): Promise<void>
}
