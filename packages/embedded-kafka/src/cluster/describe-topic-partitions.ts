import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { ZERO_UUID, partitionFacts } from './topic-facts.ts'

type Answer = ResponseInput<'DescribeTopicPartitions'>
type TopicAnswer = Answer['topics'][number]

const UNKNOWN_TOPIC_OR_PARTITION = kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION')
const TOPIC_AUTHORIZATION_FAILED = kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED')

/** Topics in the order of their names, a page at a time (KIP-966): the answer's cursor is where the next request begins. */
export const describeTopicPartitions = handler({
  api: 'DescribeTopicPartitions',
  versions: [0, 0],
  handle: (request, broker) => page(request, broker),
  refuse: ({ body }, errorCode) => ({ topics: body.topics.map(({ name }) => unfound(name, errorCode)) }),
})

function page({ body, client }: BrokerRequest<'DescribeTopicPartitions'>, broker: Broker): Answer {
  const { cursor } = body
  if (cursor !== null && cursor.partitionIndex < 0) throw new ApiError('INVALID_REQUEST', 'A cursor cannot be negative')
  const isEverything = body.topics.length === 0
  const asked = isEverything ? [...broker.topics.all()].map(({ name }) => name) : body.topics.map(({ name }) => name)
  const names = [...new Set(asked)].filter((name) => cursor === null || name >= cursor.topicName).toSorted()
  const limit = broker.settings.number('max.request.partition.size.limit')
  let left = Math.max(1, Math.min(limit, body.responsePartitionLimit))
  const topics: TopicAnswer[] = []
  for (const name of names) {
    if (!broker.access.may(client, 'DESCRIBE', 'TOPIC', name)) {
      if (!isEverything) topics.push(unfound(name, TOPIC_AUTHORIZATION_FAILED))
      continue
    }
    const topic = broker.topics.get(name)
    if (topic === undefined) {
      topics.push(unfound(name, UNKNOWN_TOPIC_OR_PARTITION))
      continue
    }
    const first = cursor?.topicName === name ? cursor.partitionIndex : 0
    if (left <= 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } }
    const shown = topic.partitions.slice(first, first + left)
    topics.push({
      errorCode: 0,
      name,
      topicId: topic.id,
      isInternal: topic.isInternal,
      partitions: shown.map((one) => ({ ...partitionFacts(one), eligibleLeaderReplicas: [], lastKnownElr: [] })),
      topicAuthorizedOperations: broker.access.operations(client, 'TOPIC', name),
    })
    left -= shown.length
    const next = first + shown.length
    if (next < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: next } }
  }
  return { topics, nextCursor: null }
}

function unfound(name: string, errorCode: number): TopicAnswer {
  return { errorCode, name, topicId: ZERO_UUID, isInternal: false, partitions: [] }
}
