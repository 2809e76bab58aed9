import type { ProducerStamp } from '../broker.ts'
import { ApiError } from '../api/handler.ts'

/** Kafka's states of a transactional id; a new transaction begins from Empty or one of the Complete ones. */
export type TransactionStatus =
  'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort' | 'Dead'

/** Topic → indexes. */
export type PartitionSet = ReadonlyMap<string, ReadonlySet<number>>

/**
 * What the coordinator knows of one transactional id. A value: every step below takes one and returns the next, which counts only
 * once it has been written to `__transaction_state`. While markers are on their way the state is one of the Prepare ones, which is
 * what Kafka calls a pending transition: everybody else is asked to come back (CONCURRENT_TRANSACTIONS).
 */
export interface TransactionState {
  readonly transactionalId: string
  readonly producerId: number
  /** The id before the last change of ids, which a producer may still use in a retry; -1 without. */
  readonly previousProducerId: number
  /** Takes over when this transaction is complete, because the epochs of `producerId` are used up; -1 without. */
  readonly nextProducerId: number
  /** -1 until the first InitProducerId has been answered. */
  readonly producerEpoch: number
  /** The epoch that the last request with an epoch bumped; -1 when another producer has been initialised since. Not durable. */
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  readonly status: TransactionStatus
  readonly partitions: PartitionSet
  /** Milliseconds; -1 before the first transaction. */
  readonly startTimestamp: number
  readonly updateTimestamp: number
  /** `transaction.version` of the client's last request: 2 bumps the epoch with each transaction (KIP-890). */
  readonly clientVersion: number
}

/** The last epoch that coordinators fence with, and never give away. */
export const EPOCH_MAX = 32_767
export const NO_PARTITIONS: PartitionSet = new Map()

/** A transactional id nobody has used before. */
export function newTransaction(
  transactionalId: string,
  producerId: number,
  timeoutMs: number,
  now: number,
): TransactionState {
  return {
    transactionalId,
    producerId,
    previousProducerId: -1,
    nextProducerId: -1,
    producerEpoch: -1,
    lastProducerEpoch: -1,
    timeoutMs,
    status: 'Empty',
    partitions: NO_PARTITIONS,
    startTimestamp: -1,
    updateTimestamp: now,
    clientVersion: 0,
  }
}

/** The markers of this transaction are being written. */
export function isEnding(state: TransactionState): boolean {
  return state.status === 'PrepareCommit' || state.status === 'PrepareAbort'
}

export function isEpochExhausted(epoch: number): boolean {
  return epoch >= EPOCH_MAX - 1
}

/**
 * InitProducerId on an id without an open transaction. With `expected` a producer goes on after an error (KIP-360): it must be the
 * current one, or repeat the request that made it so; without, it fences whoever was there. Throws CONCURRENT_TRANSACTIONS,
 * PRODUCER_FENCED. An open transaction must be fenced first: `fence`.
 */
export function initialise(
  state: TransactionState,
  expected: ProducerStamp | undefined,
  timeoutMs: number,
  now: number,
  newProducerId: () => number,
): TransactionState {
  checkMayInitialise(state, expected)
  const next = {
    ...state,
    previousProducerId: state.producerId,
    nextProducerId: -1,
    timeoutMs,
    status: 'Empty',
    partitions: NO_PARTITIONS,
    startTimestamp: -1,
    updateTimestamp: now,
  } as const
  const { producerEpoch, lastProducerEpoch } = state
  const expectedEpoch = expected?.producerEpoch
  if (isEpochExhausted(producerEpoch) && (expected === undefined || expectedEpoch === producerEpoch)) {
    const lastEpoch = expected === undefined ? -1 : producerEpoch
    return { ...next, producerId: newProducerId(), producerEpoch: 0, lastProducerEpoch: lastEpoch }
  }
  if (expected === undefined) return { ...next, producerEpoch: producerEpoch + 1, lastProducerEpoch: -1 }
  if (producerEpoch === -1 || expectedEpoch === producerEpoch) {
    return { ...next, producerEpoch: producerEpoch + 1, lastProducerEpoch: producerEpoch }
  }
  if (expectedEpoch === lastProducerEpoch) return next
  throw new ApiError('PRODUCER_FENCED')
}

/** The checks of InitProducerId that come before the state matters. */
export function checkMayInitialise(state: TransactionState, expected: ProducerStamp | undefined): void {
  if (isEnding(state)) throw new ApiError('CONCURRENT_TRANSACTIONS')
  const isKnown =
    expected === undefined ||
    state.producerEpoch === -1 ||
    expected.producerId === state.producerId ||
    (expected.producerId === state.previousProducerId && isEpochExhausted(expected.producerEpoch))
  if (!isKnown) throw new ApiError('PRODUCER_FENCED')
}

/** AddPartitionsToTxn and what adds partitions implicitly; the state itself when they are all there already. */
export function addPartitions(
  state: TransactionState,
  producer: ProducerStamp,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  clientVersion: number,
  now: number,
): TransactionState {
  if (isEnding(state)) throw new ApiError('CONCURRENT_TRANSACTIONS')
  checkProducer(state, producer)
  const missing = partitions.filter(({ topic, partition }) => state.partitions.get(topic)?.has(partition) !== true)
  const isOngoing = state.status === 'Ongoing'
  if (isOngoing && missing.length === 0) return state
  return {
    ...state,
    status: 'Ongoing',
    partitions: missing.length === 0 ? state.partitions : withPartitions(state.partitions, missing),
    startTimestamp: isOngoing ? state.startTimestamp : now,
    updateTimestamp: now,
    clientVersion,
  }
}

/** Throws unless all these partitions are in the producer's open transaction: TRANSACTION_ABORTABLE when one is not. */
export function verifyPartitions(
  state: TransactionState,
  producer: ProducerStamp,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): void {
  checkProducer(state, producer)
  if (isEnding(state)) throw new ApiError('CONCURRENT_TRANSACTIONS')
  for (const { topic, partition } of partitions) {
    if (state.partitions.get(topic)?.has(partition) !== true) throw new ApiError('TRANSACTION_ABORTABLE')
  }
}

/**
 * The coordinator itself ends an open transaction, because it took too long or because another producer takes over. The epoch is
 * bumped, so that its producer learns of it. Undefined when there is none open.
 */
export function fence(
  state: TransactionState,
  clientVersion: number,
  now: number,
  newProducerId: () => number,
): TransactionState | undefined {
  if (state.status !== 'Ongoing') return undefined
  const isBumped = clientVersion >= 2
  return {
    ...state,
    status: 'PrepareAbort',
    // KIP-890: when the bump is the last one there is, the next producer begins with another id.
    nextProducerId: isBumped && isEpochExhausted(state.producerEpoch) ? newProducerId() : -1,
    previousProducerId: state.producerId,
    producerEpoch: Math.min(state.producerEpoch + 1, EPOCH_MAX),
    lastProducerEpoch: isBumped ? state.producerEpoch : -1,
    updateTimestamp: now,
    clientVersion,
  }
}

/** All markers are written: what a Prepare state becomes. */
export function complete(state: TransactionState, now: number): TransactionState {
  const isNewId = state.clientVersion >= 2 && state.nextProducerId !== -1
  return {
    ...state,
    producerId: isNewId ? state.nextProducerId : state.producerId,
    previousProducerId: state.producerId,
    nextProducerId: -1,
    producerEpoch: isNewId ? 0 : state.producerEpoch,
    status: state.status === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    partitions: NO_PARTITIONS,
    updateTimestamp: now,
  }
}

export function isTimedOut(state: TransactionState, now: number): boolean {
  return state.status === 'Ongoing' && state.startTimestamp + state.timeoutMs < now
}

/** Unused for `transactional.id.expiration.ms`, and with nothing open. */
export function isExpired(state: TransactionState, expirationMs: number, now: number): boolean {
  return state.status !== 'Ongoing' && !isEnding(state) && state.updateTimestamp <= now - expirationMs
}

export function checkProducer(state: TransactionState, producer: ProducerStamp): void {
  if (state.producerId !== producer.producerId) throw new ApiError('INVALID_PRODUCER_ID_MAPPING')
  if (state.producerEpoch !== producer.producerEpoch) throw new ApiError('PRODUCER_FENCED')
}

function withPartitions(
  partitions: PartitionSet,
  added: readonly { readonly topic: string; readonly partition: number }[],
): PartitionSet {
  const next = new Map(partitions)
  const copied = new Set<string>()
  for (const { topic, partition } of added) {
    if (!copied.has(topic)) next.set(topic, new Set(next.get(topic)))
    copied.add(topic)
    ;(next.get(topic) as Set<number>).add(partition)
  }
  return next
}
