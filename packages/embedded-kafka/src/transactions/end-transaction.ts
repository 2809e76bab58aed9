import { ApiError } from '../api/handler.ts'
import type { ProducerStamp } from '../broker.ts'
import { EPOCH_MAX, type TransactionState, checkProducer, isEnding, isEpochExhausted } from './transaction-state.ts'

/**
 * EndTxn of a client: the Prepare state that it leads to, or the state itself when this transaction has already ended that way and
 * the request is a retry. Throws INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE.
 */
export function endTransaction(
  state: TransactionState,
  producer: ProducerStamp,
  isCommit: boolean,
  clientVersion: number,
  now: number,
  newProducerId: () => number,
): TransactionState {
  return clientVersion >= 2
    ? endAndBump(state, producer, isCommit, clientVersion, now, newProducerId)
    : endSameEpoch(state, producer, isCommit, clientVersion, now)
}

/** Before KIP-890 a retry cannot be told from the next transaction's end; the state alone decides. */
function endSameEpoch(
  state: TransactionState,
  producer: ProducerStamp,
  isCommit: boolean,
  clientVersion: number,
  now: number,
): TransactionState {
  checkProducer(state, producer)
  if (isEnding(state)) throw new ApiError('CONCURRENT_TRANSACTIONS')
  if (state.status === 'Ongoing') {
    return {
      ...state,
      status: isCommit ? 'PrepareCommit' : 'PrepareAbort',
      previousProducerId: state.producerId,
      nextProducerId: -1,
      updateTimestamp: now,
      clientVersion,
    }
  }
  if (state.status === (isCommit ? 'CompleteCommit' : 'CompleteAbort')) return state
  throw invalidState(state, isCommit)
}

/**
 * KIP-890 (transaction.version 2): each end bumps the epoch, so the epoch says whether a request is a retry (the one before) or
 * the next transaction (the current one). A transaction that nothing was added to may be aborted, which bumps the epoch too.
 */
function endAndBump(
  state: TransactionState,
  producer: ProducerStamp,
  isCommit: boolean,
  clientVersion: number,
  now: number,
  newProducerId: () => number,
): TransactionState {
  // First of all, because the producer may already use the id that takes over when the transition is done.
  if (isEnding(state)) throw new ApiError('CONCURRENT_TRANSACTIONS')
  const { producerEpoch } = producer
  const isRetryOnOverflow =
    state.previousProducerId === producer.producerId && producerEpoch === EPOCH_MAX - 1 && state.producerEpoch === 0
  const isComplete = state.status === 'CompleteCommit' || state.status === 'CompleteAbort'
  const isRetry = isComplete && (state.producerEpoch === producerEpoch + 1 || isRetryOnOverflow)
  if (state.producerId !== producer.producerId && !isRetryOnOverflow) throw new ApiError('INVALID_PRODUCER_ID_MAPPING')
  if (state.producerEpoch !== producerEpoch && !isRetry) throw new ApiError('PRODUCER_FENCED')

  if (isRetry) {
    if (state.status === (isCommit ? 'CompleteCommit' : 'CompleteAbort')) return state
    throw invalidState(state, isCommit)
  }
  const isOngoing = state.status === 'Ongoing'
  if (!isOngoing && isCommit) throw invalidState(state, isCommit)
  return {
    ...state,
    status: isCommit ? 'PrepareCommit' : 'PrepareAbort',
    previousProducerId: state.producerId,
    nextProducerId: isEpochExhausted(state.producerEpoch) ? newProducerId() : -1,
    producerEpoch: Math.min(producerEpoch + 1, EPOCH_MAX),
    lastProducerEpoch: producerEpoch,
    startTimestamp: isOngoing ? state.startTimestamp : now,
    updateTimestamp: now,
    clientVersion,
  }
}

function invalidState(state: TransactionState, isCommit: boolean): ApiError {
  const end = isCommit ? 'commit' : 'abort'
  return new ApiError('INVALID_TXN_STATE', `${state.transactionalId} is ${state.status}: there is nothing to ${end}`)
}
