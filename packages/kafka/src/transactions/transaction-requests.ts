import type { TopicPartition } from '@sluice/sdk'
import { RetriableError, SluiceError } from '@sluice/sdk'
import { byTopic, groupByTopic } from '../by-topic.ts'
import type { ClusterContext } from '../cluster.ts'
import { type CoordinatorType, coordinatorOf } from '../coordinator.ts'
import { type Deadline, type RetryContext, retrying } from '../deadline.ts'
import { KAFKA_ERROR, isRetriableCode, refused } from '../kafka-errors.ts'
import type { CommittedOffset, GroupIdentity, GroupTenure } from '../port.ts'
import type { Connection } from '../wire/connection.ts'

/** Who a producer is to the brokers: a higher epoch of the same id fences a lower one. */
export interface ProducerNumbers {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Versions that stand for the protocol before KIP-890's second part. */
const V1 = { TxnOffsetCommit: { lowest: 3, highest: 4 }, EndTxn: { highest: 4 } } as const

/** With these, partitions and groups join by themselves, and every transaction has an epoch of its own. */
const V2 = { TxnOffsetCommit: { lowest: 5, highest: 5 }, EndTxn: { lowest: 5, highest: 5 } } as const

/**
 * The requests of one transactional id, each repeated at its coordinator until answered for good or the deadline has passed.
 * All may be repeated: a coordinator recognises what it has done already.
 */
export class TransactionRequests {
  readonly #context: ClusterContext
  readonly #transactionalId: string
  readonly #transactionTimeoutMs: number
  readonly #requestTimeoutMs: number
  readonly #closing = new AbortController()
  readonly #retry: RetryContext
  /** How many were sent and not answered: each of them may still be acted upon, however late. */
  lost = 0

  constructor(
    context: ClusterContext,
    transactionalId: string,
    transactionTimeoutMs: number,
    requestTimeoutMs: number,
  ) {
    this.#context = context
    this.#transactionalId = transactionalId
    this.#transactionTimeoutMs = transactionTimeoutMs
    this.#requestTimeoutMs = requestTimeoutMs
    const { clock, random, signal } = context
    this.#retry = { clock, random, signal: AbortSignal.any([signal, this.#closing.signal]) }
  }

  /** Nothing is asked again. */
  close(): void {
    this.#closing.abort()
  }

  /**
   * Takes over the transactional id; with the numbers one has, goes on to the next epoch unless somebody else did (KIP-360).
   * `isV2`: whether the cluster has finalised KIP-890's transactions, and this coordinator speaks them.
   */
  init(current: ProducerNumbers | null, deadline: Deadline): Promise<ProducerNumbers & { readonly isV2: boolean }> {
    return this.#transaction('become the owner of', deadline, async (connection, timeoutMs) => {
      const version = connection.version('InitProducerId', { lowest: 3, highest: 5 })
      const request = {
        transactionalId: this.#transactionalId,
        transactionTimeoutMs: this.#transactionTimeoutMs,
        producerId: current?.producerId ?? -1,
        producerEpoch: current?.producerEpoch ?? -1,
      }
      const answer = await connection.send('InitProducerId', version, request, timeoutMs)
      if (answer.errorCode !== KAFKA_ERROR.NONE) throw this.#refused(answer.errorCode, 'Cannot become the owner of')
      return {
        producerId: Number(answer.producerId),
        producerEpoch: answer.producerEpoch,
        isV2:
          connection.feature('transaction.version') >= 2 &&
          connection.speaks('EndTxn', 5) &&
          connection.speaks('Produce', 12),
      }
    })
  }

  /** Adds partitions before anything is produced to them. All or none. */
  addPartitions(numbers: ProducerNumbers, partitions: readonly TopicPartition[], deadline: Deadline): Promise<void> {
    const topics = byTopic(partitions).map(([name, indexes]) => ({ name, partitions: indexes }))
    return this.#transaction('add partitions to', deadline, async (connection, timeoutMs) => {
      const request = {
        v3AndBelowTransactionalId: this.#transactionalId,
        v3AndBelowProducerId: numbers.producerId,
        v3AndBelowProducerEpoch: numbers.producerEpoch,
        v3AndBelowTopics: topics,
      }
      const version = connection.version('AddPartitionsToTxn', { highest: 3 })
      const { resultsByTopicV3AndBelow } = await connection.send('AddPartitionsToTxn', version, request, timeoutMs)
      const results = resultsByTopicV3AndBelow.flatMap(({ name: topic, resultsByPartition }) =>
        resultsByPartition.map(({ partitionIndex: partition, partitionErrorCode: code }) => ({
          topic,
          partition,
          code,
        })),
      )
      if (results.length < partitions.length)
        throw this.#refused(KAFKA_ERROR.UNKNOWN_SERVER_ERROR, 'Cannot add all partitions to')
      const failures = results.filter(({ code }) => code !== KAFKA_ERROR.NONE)
      // What is said of one partition for good outweighs that the others were not attempted, or could be later.
      const failure =
        failures.find(({ code }) => code !== KAFKA_ERROR.OPERATION_NOT_ATTEMPTED && !isRetriableCode(code)) ??
        failures.find(({ code }) => code !== KAFKA_ERROR.OPERATION_NOT_ATTEMPTED) ??
        failures[0]
      if (failure === undefined) return
      const { topic, partition, code } = failure
      throw this.#refused(code, `Cannot add partition ${partition} of ${topic} to`, { topic, partition })
    })
  }

  /** Adds a group before its offsets are. */
  addGroup(numbers: ProducerNumbers, groupId: string, deadline: Deadline): Promise<void> {
    return this.#transaction(`add the group ${groupId} to`, deadline, async (connection, timeoutMs) => {
      const version = connection.version('AddOffsetsToTxn', { highest: 4 })
      const request = { transactionalId: this.#transactionalId, ...numbers, groupId }
      const { errorCode } = await connection.send('AddOffsetsToTxn', version, request, timeoutMs)
      if (errorCode !== KAFKA_ERROR.NONE) throw this.#refused(errorCode, 'Cannot add a group to', { group: groupId })
    })
  }

  /**
   * Adds offsets, at the group's coordinator, which looks whether the member is of the newest generation (KIP-447). Of a tenure it is
   * asked again who the member is, as long as that may be known in a moment.
   */
  commitOffsets(
    numbers: ProducerNumbers,
    member: GroupIdentity | GroupTenure,
    offsets: readonly CommittedOffset[],
    isV2: boolean,
    deadline: Deadline,
  ): Promise<void> {
    const { groupId } = member
    const tenure = 'identity' in member ? member : { identity: () => member }
    let left = offsets
    const what = `add offsets of group ${groupId} to the transaction of ${this.#transactionalId}`
    return this.#ask('group', groupId, what, deadline, async (connection, timeoutMs) => {
      const version = connection.version('TxnOffsetCommit', (isV2 ? V2 : V1).TxnOffsetCommit)
      const wanted = groupByTopic(left).map(([name, group]) => ({
        name,
        partitions: group.map(({ partition, offset, leaderEpoch = -1, metadata }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: leaderEpoch,
          committedMetadata: metadata,
        })),
      }))
      const { generationId, memberId, instanceId: groupInstanceId } = tenure.identity()
      const who = { groupId, generationId, memberId, groupInstanceId }
      const request = { transactionalId: this.#transactionalId, ...numbers, ...who, topics: wanted }
      const { topics } = await connection.send('TxnOffsetCommit', version, request, timeoutMs)
      const codes = new Map<string, number>()
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, errorCode } of partitions) codes.set(`${name} ${partitionIndex}`, errorCode)
      }
      const codeOf = ({ topic, partition }: TopicPartition): number => codes.get(`${topic} ${partition}`) ?? -1
      left = left.filter((offset) => codeOf(offset) !== KAFKA_ERROR.NONE)
      const failure = left.find((offset) => !isRetriableCode(codeOf(offset))) ?? left[0]
      if (failure === undefined) return
      const { topic, partition } = failure
      const error = this.#refused(codeOf(failure), 'Cannot add an offset to', { group: groupId, topic, partition })
      if (!('identity' in member) || codeOf(failure) !== KAFKA_ERROR.ILLEGAL_GENERATION) throw error
      throw new RetriableError('KAFKA_REFUSED', error.message, {
        cause: error,
        ...(error.place && { place: error.place }),
      })
    })
  }

  /** Ends the transaction. Resolves to the numbers for the next one. */
  end(numbers: ProducerNumbers, isCommit: boolean, isV2: boolean, deadline: Deadline): Promise<ProducerNumbers> {
    return this.#transaction(isCommit ? 'commit' : 'abort', deadline, async (connection, timeoutMs) => {
      const version = connection.version('EndTxn', (isV2 ? V2 : V1).EndTxn)
      const request = { transactionalId: this.#transactionalId, ...numbers, committed: isCommit }
      const answer = await connection.send('EndTxn', version, request, timeoutMs)
      if (answer.errorCode !== KAFKA_ERROR.NONE)
        throw this.#refused(answer.errorCode, isCommit ? 'Cannot commit' : 'Cannot abort')
      if (Number(answer.producerId) === -1) return numbers
      return { producerId: Number(answer.producerId), producerEpoch: answer.producerEpoch }
    })
  }

  #transaction<T>(
    verb: string,
    deadline: Deadline,
    attempt: (connection: Connection, timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    return this.#ask(
      'transaction',
      this.#transactionalId,
      `${verb} the transaction of ${this.#transactionalId}`,
      deadline,
      attempt,
    )
  }

  #ask<T>(
    type: CoordinatorType,
    key: string,
    what: string,
    deadline: Deadline,
    attempt: (connection: Connection, timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    return retrying(what, deadline, this.#retry, async () => {
      const connection = await coordinatorOf(this.#context, type, key)
      try {
        return await attempt(connection, Math.max(1, Math.min(this.#requestTimeoutMs, deadline.remainingMs)))
      } catch (error) {
        if (isLoss(error)) this.lost++
        if (isLoss(error) || isMoved(error)) this.#context.coordinators.forget(type, key)
        // An answer that cannot be read has ended its connection; over another one there may be a better one.
        if (error instanceof SluiceError && error.code === 'KAFKA_PROTOCOL') {
          throw new RetriableError('KAFKA_PROTOCOL', error.message, { cause: error })
        }
        throw error
      }
    })
  }

  #refused(code: number, what: string, place: Readonly<Record<string, string | number>> = {}): SluiceError {
    const id = this.#transactionalId
    return refused(code, `${what} the transaction of ${id}`, { transactionalId: id, ...place })
  }
}

/** Whether a request may have been acted upon although no answer came. */
function isLoss(error: unknown): boolean {
  return (
    error instanceof SluiceError &&
    (error.code === 'KAFKA_UNREACHABLE' || error.code === 'KAFKA_TIMEOUT' || error.code === 'KAFKA_PROTOCOL')
  )
}

function isMoved(error: unknown): boolean {
  const name = error instanceof SluiceError ? error.place?.['error'] : undefined
  return name === 'NOT_COORDINATOR' || name === 'COORDINATOR_NOT_AVAILABLE' || name === 'REQUEST_TIMED_OUT'
}
