import { kafkaErrorCode } from '@sluice/kafka-protocol'
import type { BrokerRequest } from '../api/handler.ts'
import type { Broker, Partition } from '../broker.ts'
import { isTransactionalBatch, producerOf } from './produce-batch.ts'

const TRANSACTION_ABORTABLE = kafkaErrorCode('TRANSACTION_ABORTABLE')
const INVALID_TXN_STATE = kafkaErrorCode('INVALID_TXN_STATE')
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

  /** Returns an error code; 0 when the batch may be written. */
  judge({ topic, index, log }: Partition, batch: Uint8Array): number {
    if (!isTransactionalBatch(batch)) return 0
    const { version, body } = this.#request
    const producer = producerOf(batch)
    if (log.openTransaction(producer.producerId) !== undefined) return 0
    const partition = { topic: topic.name, partition: index }
    const refused = this.#broker.transactions.admit(body.transactionalId ?? '', producer, [partition], this.isImplicit)
    return refused === TRANSACTION_ABORTABLE && version < ABORTABLE_SINCE ? INVALID_TXN_STATE : refused
  }
}
