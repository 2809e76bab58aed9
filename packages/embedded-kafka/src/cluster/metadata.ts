import { type RequestBody, type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, errorCodeOf, handler } from '../api/handler.ts'
import type { Broker, Topic } from '../broker.ts'
import { NO_OPERATIONS, ZERO_UUID, endpoints, partitionFacts } from './topic-facts.ts'

type TopicAnswer = ResponseInput<'Metadata'>['topics'][number]
type Asked = NonNullable<RequestBody<'Metadata'>['topics']>[number]

const UNKNOWN_TOPIC_OR_PARTITION = kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION')
const UNKNOWN_TOPIC_ID = kafkaErrorCode('UNKNOWN_TOPIC_ID')
const TOPIC_AUTHORIZATION_FAILED = kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED')
const INVALID_TOPIC = kafkaErrorCode('INVALID_TOPIC_EXCEPTION')
const NAME = /^[a-zA-Z0-9._-]{1,249}$/

/** Brokers, topics, leaders. A topic that does not exist is created when the client and `auto.create.topics.enable` allow it. */
export const metadata = handler({
  api: 'Metadata',
  versions: [0, 13],
  handle(request, broker) {
    const { body, version, client } = request
    return {
      brokers: endpoints(broker),
      clusterId: broker.clusterId,
      controllerId: broker.nodes.controller(),
      topics: topics(request, broker),
      clusterAuthorizedOperations: body.includeClusterAuthorizedOperations
        ? broker.access.operations(client, 'CLUSTER', 'kafka-cluster')
        : NO_OPERATIONS,
      ...(version >= 13 ? { errorCode: 0 } : {}),
    }
  },
  refuse({ body, version }, errorCode) {
    const refused = (body.topics ?? []).map(({ name, topicId }) => unfound(errorCode, name ?? '', topicId))
    return { brokers: [], topics: version >= 13 ? [] : refused, errorCode: version >= 13 ? errorCode : 0 }
  },
})

function topics(request: BrokerRequest<'Metadata'>, broker: Broker): TopicAnswer[] {
  const { body, version, client } = request
  // Version 0 has no null: no topics are all topics.
  if (body.topics === null || (version === 0 && body.topics.length === 0)) {
    return [...broker.topics.all()]
      .filter(({ name }) => broker.access.may(client, 'DESCRIBE', 'TOPIC', name))
      .map((topic) => found(topic, request, broker))
  }
  const asked = body.topics
  if (version < 12 && asked.some(({ name, topicId }) => name === null || topicId !== ZERO_UUID)) {
    throw new ApiError('INVALID_REQUEST', `Metadata v${version} asks for topics by name`)
  }
  return asked.map((one) => describe(one, request, broker))
}

function describe({ name, topicId }: Asked, request: BrokerRequest<'Metadata'>, broker: Broker): TopicAnswer {
  const { client } = request
  if (topicId !== ZERO_UUID) {
    const topic = broker.topics.byId(topicId)
    if (topic === undefined) return unfound(UNKNOWN_TOPIC_ID, null, topicId)
    // Nobody guesses an id; who has one from elsewhere is not told the name.
    if (!broker.access.may(client, 'DESCRIBE', 'TOPIC', topic.name)) {
      return unfound(TOPIC_AUTHORIZATION_FAILED, null, topicId)
    }
    return found(topic, request, broker)
  }
  const named = name ?? ''
  if (!broker.access.may(client, 'DESCRIBE', 'TOPIC', named)) return unfound(TOPIC_AUTHORIZATION_FAILED, named)
  const topic = broker.topics.get(named)
  if (topic !== undefined) return found(topic, request, broker)
  if (!NAME.test(named) || named === '.' || named === '..') return unfound(INVALID_TOPIC, named)
  if (!request.body.allowAutoTopicCreation || !broker.settings.boolean('auto.create.topics.enable')) {
    return unfound(UNKNOWN_TOPIC_OR_PARTITION, named)
  }
  return created(named, request, broker)
}

function created(name: string, request: BrokerRequest<'Metadata'>, broker: Broker): TopicAnswer {
  const { access, settings } = broker
  const mayCreate =
    access.may(request.client, 'CREATE', 'CLUSTER', 'kafka-cluster') ||
    access.may(request.client, 'CREATE', 'TOPIC', name)
  if (!mayCreate) return unfound(TOPIC_AUTHORIZATION_FAILED, name)
  try {
    return found(broker.topics.create(name, settings.number('num.partitions'), {}), request, broker)
  } catch (error) {
    return unfound(errorCodeOf(error), name)
  }
}

function found(topic: Topic, { body, client }: BrokerRequest<'Metadata'>, broker: Broker): TopicAnswer {
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: topic.partitions.map(partitionFacts),
    topicAuthorizedOperations: body.includeTopicAuthorizedOperations
      ? broker.access.operations(client, 'TOPIC', topic.name)
      : NO_OPERATIONS,
  }
}

function unfound(errorCode: number, name: string | null, topicId: string = ZERO_UUID): TopicAnswer {
  return { errorCode, name, topicId, isInternal: false, partitions: [] }
}
