import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, errorCodeOf, handler } from '../api/handler.ts'
import type { Topic } from '../broker.ts'
import { locatePartition, locateTopic } from './locate.ts'

const INVALID_TOPIC = kafkaErrorCode('INVALID_TOPIC_EXCEPTION')
const POLICY_VIOLATION = kafkaErrorCode('POLICY_VIOLATION')
/** Everything up to the high watermark. */
const TO_THE_END = -1

/** Moves the start of partitions forward (KIP-107): what is before it is gone. */
export const deleteRecords = handler({
  api: 'DeleteRecords',
  versions: [0, 2],
  handle: (request, broker) => ({
    topics: request.body.topics.map(({ name, partitions }) => {
      const topic = locateTopic(broker, request.client, 'DELETE', name, null)
      return { name, partitions: partitions.map((one) => move(topic, one.partitionIndex, Number(one.offset), request)) }
    }),
  }),
  refuse: ({ body }, errorCode) => ({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode })),
    })),
  }),
})

function move(topic: Topic | number, partitionIndex: number, offset: number, { node }: BrokerRequest<'DeleteRecords'>) {
  const refused = (errorCode: number) => ({ partitionIndex, lowWatermark: -1, errorCode })
  if (typeof topic === 'number') return refused(topic)
  if (topic.isInternal) return refused(INVALID_TOPIC)
  const partition = locatePartition(topic, partitionIndex, node)
  if (typeof partition === 'number') return refused(partition)
  if (topic.config.isCompacted && !topic.config.isDeleted) return refused(POLICY_VIOLATION)
  const { log } = partition
  const target = offset === TO_THE_END ? log.endOffset : offset
  try {
    if (target < 0) throw new ApiError('OFFSET_OUT_OF_RANGE', `${target} is no offset`)
    if (target > log.startOffset) log.deleteRecordsBefore(target)
    return { partitionIndex, lowWatermark: log.startOffset, errorCode: 0 }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return refused(errorCodeOf(error))
  }
}
