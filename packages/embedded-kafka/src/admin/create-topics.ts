import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker, Client } from '../broker.ts'
import { parseTopicConfig } from '../topics/topic-config.ts'
import { checkTopicName, collisionName, newTopicId } from '../topics/topic-names.ts'
import type { ConfigEntry } from './config-entry.ts'
import { partitionsOf } from './replica-assignment.ts'
import { brokerOverride, topicEntries } from './topic-resource.ts'

type Request = BrokerRequest<'CreateTopics'>
type NewTopic = Request['body']['topics'][number]

interface Answer {
  readonly name: string
  readonly topicId?: string
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly numPartitions?: number
  readonly replicationFactor?: number
  readonly configs: readonly Omit<ConfigEntry, 'synonyms' | 'configType' | 'documentation'>[] | null
  readonly topicConfigErrorCode?: number
}

/** Topics that belong to the broker, whoever creates them. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state'])

/** Each topic is created or refused by itself. */
export const createTopics = handler({
  api: 'CreateTopics',
  versions: [2, 7],
  handle(request, broker) {
    const { topics } = request.body
    const counts = new Map<string, number>()
    for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1)
    const answers: Answer[] = []
    for (const topic of topics) {
      const count = counts.get(topic.name)
      if (count === 1) answers.push(created(request, broker, topic))
      else if (count !== undefined) {
        answers.push(failed(topic.name, kafkaErrorCode('INVALID_REQUEST'), 'Duplicate topic name.'))
        counts.delete(topic.name)
      }
    }
    return { topics: answers }
  },
  refuse: ({ body }, errorCode, message) => ({
    topics: body.topics.map(({ name }) => failed(name, errorCode, message)),
  }),
})

function created({ body, client }: Request, broker: Broker, topic: NewTopic): Answer {
  const { name } = topic
  try {
    const isAllowed =
      broker.access.may(client, 'CREATE', 'CLUSTER', 'kafka-cluster') ||
      broker.access.may(client, 'CREATE', 'TOPIC', name)
    if (!isAllowed) throw new ApiError('TOPIC_AUTHORIZATION_FAILED')
    checkName(broker, name)
    const overrides = overridesOf(topic)
    const partitions = partitionsOf(broker, topic)
    if (!body.validateOnly) {
      const { id } = broker.topics.create(name, partitions, overrides, INTERNAL_TOPICS.has(name), leadersOf(topic))
      return answer(broker, client, name, id, partitions, overrides)
    }
    parseTopicConfig(overrides, brokerOverride(broker))
    return answer(broker, client, name, newTopicId(), partitions, overrides)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return failed(name, error.errorCode, error.message)
  }
}

/** The first replica of each partition leads, as far as replicas were assigned. */
function leadersOf({ assignments }: NewTopic): number[] {
  return assignments.toSorted((a, b) => a.partitionIndex - b.partitionIndex).map(({ brokerIds }) => brokerIds[0]!)
}

function checkName(broker: Broker, name: string): void {
  checkTopicName(name)
  if (broker.topics.get(name) !== undefined) {
    throw new ApiError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
  }
  for (const existing of broker.topics.all()) {
    if (collisionName(existing.name) === collisionName(name)) {
      throw new ApiError('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${existing.name}`)
    }
  }
}

function overridesOf({ configs }: NewTopic): Record<string, string> {
  const overrides: Record<string, string> = {}
  for (const { name, value } of configs) {
    if (value === null) throw new ApiError('INVALID_CONFIG', `Null value not supported for topic configs: ${name}`)
    overrides[name] = value
  }
  return overrides
}

function answer(
  broker: Broker,
  client: Client,
  name: string,
  topicId: string,
  numPartitions: number,
  overrides: Readonly<Record<string, string>>,
): Answer {
  const base = { name, topicId, errorCode: 0, errorMessage: null }
  if (!broker.access.may(client, 'DESCRIBE_CONFIGS', 'TOPIC', name)) {
    return { ...base, configs: [], topicConfigErrorCode: kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED') }
  }
  return { ...base, numPartitions, replicationFactor: 1, configs: topicEntries(broker, overrides) }
}

function failed(name: string, errorCode: number, errorMessage: string | null): Answer {
  return { name, errorCode, errorMessage, configs: [] }
}
