import { kafkaErrorCode } from '@sluice/kafka-protocol'
import type { BrokerRequest } from '../api/handler.ts'
import type { Broker, Partition } from '../broker.ts'
import { isTransactionalBatch, producerOf } from './produce-batch.ts'

const TRANSACTION_ABORTABLE = kafkaErrorCode('TRANSACTION_ABORTABLE')
const INVALID_TXN_STATE = kafkaErrorCode('INVALID_TXN_STATE')
const CONCURRENT_TRANSACTIONS = kafkaErrorCode('CONCURRENT_TRANSACTIONS')
const NOT_ENOUGH_REPLICAS = kafkaErrorCode('NOT_ENOUGH_REPLICAS')
/** What producers do not know of Produce, and would give up at; they try again at NOT_ENOUGH_REPLICAS. */
const COORDINATOR_ERRORS: ReadonlySet<number> = new Set([
  kafkaErrorCode('COORDINATOR_LOAD_IN_PROGRESS'),
  kafkaErrorCode('COORDINATOR_NOT_AVAILABLE'),
  kafkaErrorCode('NOT_COORDINATOR'),
])
/** The first version whose producers know TRANSACTION_ABORTABLE. */
const ABORTABLE_SINCE = 11
/** The first version whose producers leave it to the broker to add partitions to their transaction (KIP-890, TV2). */
const IMPLICIT_SINCE = 12

/**
 * Whether transactional batches of one request may be written: once a partition has a transaction of the producer open, the log alone
 * decides; until then the coordinator is asked, as it is in Kafka.
 */
export class Admission {
  readonly #request: BrokerRequest<'Produce'>
  readonly #broker: Broker
  /** Transactions v2: partitions are added here, and the log is strict about sequences. */
  readonly isImplicit: boolean

  constructor(request: BrokerRequest<'Produce'>, broker: Broker) {
    this.#request = request
    this.#broker = broker
    this.isImplicit = request.version >= IMPLICIT_SINCE && broker.feature('transaction.version') >= 2
  }

  /** The wait while the producer's transaction before this one still ends; undefined where there is none, and it is not waited for. */
  settled(): Promise<void> | undefined {
    const { transactionalId } = this.#request.body
    if (!this.isImplicit || transactionalId === null) return undefined
    const timeoutMs = this.#broker.settings.number('add.partitions.to.txn.retry.backoff.max.ms')
    return this.#broker.transactions.settled(transactionalId, timeoutMs)
  }

  /** Returns an error code; 0 when the batch may be written. */
  judge({ topic, index, log }: Partition, batch: Uint8Array): number {
    if (!isTransactionalBatch(batch)) return 0
    const { version, body } = this.#request
    const producer = producerOf(batch)
    if (log.hasOpenTransaction(producer)) return 0
    const partition = { topic: topic.name, partition: index }
    const refused = this.#broker.transactions.admit(body.transactionalId ?? '', producer, [partition], this.isImplicit)
    if (refused === TRANSACTION_ABORTABLE && version < ABORTABLE_SINCE) return INVALID_TXN_STATE
    const isUnknownHere = COORDINATOR_ERRORS.has(refused) || (refused === CONCURRENT_TRANSACTIONS && !this.isImplicit)
    return isUnknownHere ? NOT_ENOUGH_REPLICAS : refused
  }
}
