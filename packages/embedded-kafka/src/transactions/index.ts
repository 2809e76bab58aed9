import type { ApiHandler } from '../api/handler.ts'
import { addOffsetsToTxn } from './apis/add-offsets-to-txn.ts'
import { addPartitionsToTxn } from './apis/add-partitions-to-txn.ts'
import { describeProducers } from './apis/describe-producers.ts'
import { describeTransactions } from './apis/describe-transactions.ts'
import { endTxn } from './apis/end-txn.ts'
import { initProducerId } from './apis/init-producer-id.ts'
import { listTransactions } from './apis/list-transactions.ts'
import { writeTxnMarkers } from './apis/write-txn-markers.ts'

export { TransactionCoordinator } from './coordinator.ts'
export { ProducerIds } from './producer-ids.ts'

/** The transaction coordinator's own APIs, and those about producers. */
export const transactionApis: readonly ApiHandler[] = [
  initProducerId,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  describeProducers,
  describeTransactions,
  listTransactions,
]
