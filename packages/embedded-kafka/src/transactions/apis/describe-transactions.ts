import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { type BrokerRequest, handler } from '../../api/handler.ts'
import type { Broker } from '../../broker.ts'
import { TransactionCoordinator } from '../coordinator.ts'
import { partitionList } from '../transaction-records.ts'

type Description = ReturnType<typeof failed>

/** KIP-664: how far some transactional ids are. */
export const describeTransactions = handler({
  api: 'DescribeTransactions',
  versions: [0, 0],
  handle: (request, broker) => ({
    transactionStates: request.body.transactionalIds.map((id) => described(request, broker, id)),
  }),
  refuse: ({ body }, errorCode) => ({ transactionStates: body.transactionalIds.map((id) => failed(id, errorCode)) }),
})

function described(
  { client, node }: BrokerRequest<'DescribeTransactions'>,
  broker: Broker,
  transactionalId: string,
): Description {
  if (!broker.access.may(client, 'DESCRIBE', 'TRANSACTIONAL_ID', transactionalId)) {
    return failed(transactionalId, kafkaErrorCode('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'))
  }
  if (transactionalId === '') return failed(transactionalId, kafkaErrorCode('INVALID_REQUEST'))
  if (broker.nodes.coordinatorOf('transaction', transactionalId) !== node) {
    return failed(transactionalId, kafkaErrorCode('NOT_COORDINATOR'))
  }
  const state = TransactionCoordinator.of(broker).get(transactionalId)
  if (state === undefined) return failed(transactionalId, kafkaErrorCode('TRANSACTIONAL_ID_NOT_FOUND'))
  // KIP-664: topics that the client may not see are left out.
  const topics = partitionList(state.partitions).filter(({ topic }) =>
    broker.access.may(client, 'DESCRIBE', 'TOPIC', topic),
  )
  return {
    errorCode: 0,
    transactionalId,
    transactionState: state.status,
    transactionTimeoutMs: state.timeoutMs,
    transactionStartTimeMs: state.startTimestamp,
    producerId: state.producerId,
    producerEpoch: state.producerEpoch,
    topics: topics.map(({ topic, partitionIds }) => ({ topic, partitions: partitionIds })),
  }
}

function failed(
  transactionalId: string,
  errorCode: number,
): {
  errorCode: number
  transactionalId: string
  transactionState: string
  transactionTimeoutMs: number
  transactionStartTimeMs: number
  producerId: number
  producerEpoch: number
  topics: { topic: string; partitions: number[] }[]
} {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  }
}
