import { handler } from '../../api/handler.ts'
import { TransactionCoordinator } from '../coordinator.ts'
import { checkTransactionalId, coordinatorError, producerStamp } from './refusal.ts'

/** Commit or abort. Version 5 is spoken by clients of transaction.version 2, and answers the id and epoch of the next transaction. */
export const endTxn = handler({
  api: 'EndTxn',
  versions: [0, 5],
  handle(request, broker) {
    const { version } = request
    const { transactionalId, producerId, producerEpoch, committed } = request.body
    try {
      checkTransactionalId(request, broker, transactionalId)
      const stamp = producerStamp(producerId, producerEpoch)
      const next = TransactionCoordinator.of(broker).end(transactionalId, stamp, committed, version >= 5 ? 2 : 0)
      return version < 5
        ? { errorCode: 0 }
        : { errorCode: 0, producerId: next.producerId, producerEpoch: next.producerEpoch }
    } catch (error) {
      return { errorCode: coordinatorError(error, version >= 2) }
    }
  },
  refuse: (_, errorCode) => ({ errorCode }),
})
