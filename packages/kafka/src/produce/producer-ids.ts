import type { ClusterContext } from '../cluster.ts'
import { Deadline, retrying } from '../deadline.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'

const TRANSACTION_TIMEOUT_MS = 0x7fffffff

/**
 * Asks any broker for a producer id (KIP-98), for a producer without transactions. Repeats retriable refusals until the
 * deadline. Each call gets another id; each id begins at epoch 0.
 */
export async function newProducerId(context: ClusterContext, deadline: Deadline): Promise<number> {
  return retrying('get a producer id', deadline, context, async () => {
    const connection = await context.metadata.anyBroker()
    const version = connection.version('InitProducerId', { highest: 5 })
    const { errorCode, producerId } = await connection.send('InitProducerId', version, {
      transactionalId: null,
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
    })
    if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, 'Cannot get a producer id')
    return Number(producerId)
  })
}
