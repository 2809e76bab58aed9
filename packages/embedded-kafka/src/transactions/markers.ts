import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { Broker, ProducerStamp } from '../broker.ts'
import type { TransactionState } from './transaction-state.ts'

const OFFSETS_TOPIC = '__consumer_offsets'
const NONE = 0
const UNKNOWN_TOPIC_OR_PARTITION = kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION')
const NOT_LEADER_OR_FOLLOWER = kafkaErrorCode('NOT_LEADER_OR_FOLLOWER')
const KAFKA_STORAGE_ERROR = kafkaErrorCode('KAFKA_STORAGE_ERROR')

/**
 * Writes the marker of an ending transaction into each of its partitions that `done` does not have yet. Returns whether all have it
 * now; those whose leader is down or whose disk is full are for another time, and deleted ones need none.
 */
export function writeMarkers(
  broker: Broker,
  state: TransactionState,
  coordinatorEpoch: number,
  done: Set<string>,
): boolean {
  let isComplete = true
  const isCommit = state.status === 'PrepareCommit'
  for (const [topic, indexes] of state.partitions) {
    for (const index of indexes) {
      const name = `${topic}-${index}`
      if (done.has(name)) continue
      if (isWritten(broker, topic, index, isCommit, state, coordinatorEpoch)) done.add(name)
      else isComplete = false
    }
  }
  return isComplete
}

function isWritten(
  broker: Broker,
  topic: string,
  index: number,
  isCommit: boolean,
  producer: ProducerStamp,
  coordinatorEpoch: number,
): boolean {
  const errorCode = writeMarker(broker, topic, index, isCommit, producer, coordinatorEpoch)
  if (errorCode === NONE || errorCode === UNKNOWN_TOPIC_OR_PARTITION) return true
  if (errorCode === NOT_LEADER_OR_FOLLOWER || errorCode === KAFKA_STORAGE_ERROR) return false
  // The partition knows a newer epoch of this producer, or a newer coordinator: the transaction has been ended there already.
  broker.log('warn', `${topic}-${index} refuses the marker of producer ${producer.producerId}: error ${errorCode}`)
  return true
}

/** Ends a producer's transaction in one partition, and tells the group coordinator when it holds offsets. Returns Kafka's error code. */
export function writeMarker(
  broker: Broker,
  topic: string,
  index: number,
  isCommit: boolean,
  { producerId, producerEpoch }: ProducerStamp,
  coordinatorEpoch: number,
): number {
  const partition = broker.topics.partition(topic, index)
  if (partition === undefined) return UNKNOWN_TOPIC_OR_PARTITION
  if (partition.leader === -1) return NOT_LEADER_OR_FOLLOWER
  try {
    const type = isCommit ? 'commit' : 'abort'
    partition.log.appendMarker(type, { producerId, producerEpoch }, coordinatorEpoch, partition.leaderEpoch)
  } catch (error) {
    if (error instanceof ApiError) return error.errorCode
    throw error
  }
  if (topic === OFFSETS_TOPIC) broker.groups.transactionEnded(index, producerId, isCommit)
  return NONE
}
