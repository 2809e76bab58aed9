import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest } from '../../api/handler.ts'
import type { Broker, ProducerStamp } from '../../broker.ts'

/** Throws unless the client may write with this transactional id, and the node that was asked coordinates it. */
export function checkTransactionalId(
  request: Pick<BrokerRequest<'EndTxn'>, 'client' | 'node'>,
  broker: Broker,
  transactionalId: string,
): void {
  if (!broker.access.may(request.client, 'WRITE', 'TRANSACTIONAL_ID', transactionalId)) {
    throw new ApiError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  if (transactionalId === '') throw new ApiError('INVALID_REQUEST', 'The transactional id is empty')
  if (broker.nodes.coordinatorOf('transaction', transactionalId) !== request.node) throw new ApiError('NOT_COORDINATOR')
}

/**
 * The code of what the coordinator threw; what is no ApiError is thrown on. Versions from before PRODUCER_FENCED existed know a
 * fenced producer as one with an INVALID_PRODUCER_EPOCH.
 */
export function coordinatorError(error: unknown, isFencedKnown: boolean): number {
  if (!(error instanceof ApiError)) throw error
  if (error.name === 'PRODUCER_FENCED' && !isFencedKnown) return kafkaErrorCode('INVALID_PRODUCER_EPOCH')
  return error.errorCode
}

/** A producer id as it came; ids are ours, and so none beyond 2^53 is known: -2 stands for those. */
export function producerStamp(producerId: number | bigint, producerEpoch: number): ProducerStamp {
  return { producerId: typeof producerId === 'number' ? producerId : -2, producerEpoch }
}
