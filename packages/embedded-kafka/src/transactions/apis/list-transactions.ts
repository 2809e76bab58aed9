import { ApiError, handler } from '../../api/handler.ts'
import { TransactionCoordinator } from '../coordinator.ts'
import { STATUSES } from '../transaction-records.ts'

/** PrepareEpochFence is a state of Kafka's that is never written, so nothing is ever found in it. */
const STATE_NAMES: ReadonlySet<string> = new Set([...STATUSES, 'PrepareEpochFence'])

/** KIP-664, KIP-994, KIP-1152: the transactional ids that this node coordinates, filtered by state, producer, duration and name. */
export const listTransactions = handler({
  api: 'ListTransactions',
  versions: [0, 2],
  handle({ body, client, node }, broker) {
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = body
    const pattern = transactionalIdPattern ? wholePattern(transactionalIdPattern) : undefined
    const producerIds = new Set(producerIdFilters)
    const statuses = new Set(stateFilters)
    const now = broker.clock.now()
    const found = []
    for (const { transactionalId, producerId, status, startTimestamp } of TransactionCoordinator.of(broker).all()) {
      const isWanted =
        (producerIds.size === 0 || producerIds.has(producerId)) &&
        (statuses.size === 0 || statuses.has(status)) &&
        (durationFilter < 0 || now - startTimestamp > Number(durationFilter)) &&
        (pattern === undefined || pattern.test(transactionalId)) &&
        broker.nodes.coordinatorOf('transaction', transactionalId) === node &&
        broker.access.may(client, 'DESCRIBE', 'TRANSACTIONAL_ID', transactionalId)
      if (isWanted) found.push({ transactionalId, producerId, transactionState: status })
    }
    return {
      errorCode: 0,
      unknownStateFilters: stateFilters.filter((name) => !STATE_NAMES.has(name)),
      transactionStates: found,
    }
  },
  refuse: (_, errorCode) => ({ errorCode, unknownStateFilters: [], transactionStates: [] }),
})

function wholePattern(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`, 'u')
  } catch {
    throw new ApiError('INVALID_REGULAR_EXPRESSION', `'${text}' is not a regular expression`)
  }
}
