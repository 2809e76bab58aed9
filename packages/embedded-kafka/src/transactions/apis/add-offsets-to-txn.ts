import { ApiError, handler } from '../../api/handler.ts'
import { TransactionCoordinator } from '../coordinator.ts'
import { checkTransactionalId, coordinatorError, producerStamp } from './refusal.ts'

/** Adds the partition of `__consumer_offsets` that holds a group, ahead of TxnOffsetCommit. */
export const addOffsetsToTxn = handler({
  api: 'AddOffsetsToTxn',
  versions: [0, 4],
  handle(request, broker) {
    const { transactionalId, producerId, producerEpoch, groupId } = request.body
    try {
      checkTransactionalId(request, broker, transactionalId)
      if (!broker.access.may(request.client, 'READ', 'GROUP', groupId)) throw new ApiError('GROUP_AUTHORIZATION_FAILED')
      const offsets = { topic: '__consumer_offsets', partition: broker.groups.partitionOf(groupId) }
      TransactionCoordinator.of(broker).addPartitions(
        transactionalId,
        producerStamp(producerId, producerEpoch),
        [offsets],
        0,
      )
      return { errorCode: 0 }
    } catch (error) {
      return { errorCode: coordinatorError(error, request.version >= 2) }
    }
  },
  refuse: (_, errorCode) => ({ errorCode }),
})
