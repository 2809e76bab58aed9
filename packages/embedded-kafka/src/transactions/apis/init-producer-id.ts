import { ApiError, type BrokerRequest, handler } from '../../api/handler.ts'
import type { Broker, ProducerStamp } from '../../broker.ts'
import { TransactionCoordinator } from '../coordinator.ts'
import { checkTransactionalId, coordinatorError, producerStamp } from './refusal.ts'

type Request = BrokerRequest<'InitProducerId'>

/** KIP-98, KIP-360: a producer id and epoch; with a transactional id, whoever had it before is fenced. */
export const initProducerId = handler({
  api: 'InitProducerId',
  versions: [0, 5],
  handle(request, broker) {
    try {
      return { errorCode: 0, ...initialised(request, broker) }
    } catch (error) {
      return { errorCode: coordinatorError(error, request.version >= 4), producerId: -1, producerEpoch: -1 }
    }
  },
  refuse: (_, errorCode) => ({ errorCode, producerId: -1, producerEpoch: -1 }),
})

function initialised(request: Request, broker: Broker): ProducerStamp {
  const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request.body
  if (transactionalId === null) return idempotent(request, broker)
  checkTransactionalId(request, broker, transactionalId)
  if ((producerId === -1) !== (producerEpoch === -1)) throw new ApiError('INVALID_REQUEST')
  if (transactionTimeoutMs <= 0 || transactionTimeoutMs > broker.settings.number('transaction.max.timeout.ms')) {
    throw new ApiError('INVALID_TRANSACTION_TIMEOUT')
  }
  const expected = producerId === -1 ? undefined : producerStamp(producerId, producerEpoch)
  const stamp = TransactionCoordinator.of(broker).initProducerId(transactionalId, transactionTimeoutMs, expected)
  return { producerId: stamp.producerId, producerEpoch: stamp.producerEpoch }
}

function idempotent(request: Request, broker: Broker): ProducerStamp {
  if (!mayBeIdempotent(request, broker)) throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
  return { producerId: broker.transactions.newProducerId(), producerEpoch: 0 }
}

/** KIP-679: whoever may write to any topic may do so idempotently. */
function mayBeIdempotent({ client }: Request, { access }: Broker): boolean {
  return (
    access.may(client, 'IDEMPOTENT_WRITE', 'CLUSTER', 'kafka-cluster') || access.mayAnywhere(client, 'WRITE', 'TOPIC')
  )
}
