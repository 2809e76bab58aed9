import type { OutgoingBatch } from './outgoing-batch.ts'
import type { TransactionEnd, TransactionRequests } from './transaction-requests.ts'

/**
 * How batches get to Kafka, and how far the positions behind them may move: at least once, or in transactions. What fails in the
 * background is told to the `fail` that it was made with, once; after that nothing more is stored.
 */
export interface SourceDelivery {
  /** Where the connector says that its transactions end; null: it does not. */
  readonly requests: TransactionRequests | null
  /** Whether what came before a record that stops the task is still delivered. */
  readonly deliversBeforeFailure: boolean
  /** The task has been started: regular work begins, until the signal is aborted. */
  start(signal: AbortSignal): void
  /** Resolves when there is room for another batch, or the signal is aborted. */
  room(signal: AbortSignal): Promise<void>
  /** Takes a batch; batches leave in the order of the calls. `end`: what becomes of the transaction behind it. */
  send(batch: OutgoingBatch, end: TransactionEnd | null): Promise<void> | void
  /** Nothing more comes for now: waits, within bounds, until what was taken is durable and its positions are stored. */
  settle(): Promise<void>
  /** The end: as `settle`, unless the task has failed or was left behind; then what is open is given up. */
  close(outcome: 'stopped' | 'failed' | 'cancelled'): Promise<void>
}
