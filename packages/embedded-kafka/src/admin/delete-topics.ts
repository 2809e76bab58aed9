import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'

type Request = BrokerRequest<'DeleteTopics'>

interface TopicReference {
  readonly name: string | null
  readonly topicId: string
}
interface Answer extends TopicReference {
  readonly errorCode: number
  readonly errorMessage: string | null
}

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** By name, from version 6 on also by id. */
export const deleteTopics = handler({
  api: 'DeleteTopics',
  versions: [1, 6],
  handle(request, broker) {
    if (!broker.settings.boolean('delete.topic.enable')) {
      throw new ApiError(request.version < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED')
    }
    const references = referencesOf(request)
    const counts = new Map<string, number>()
    for (const reference of references) counts.set(keyOf(reference), (counts.get(keyOf(reference)) ?? 0) + 1)
    const answers: Answer[] = []
    for (const reference of references) {
      const count = counts.get(keyOf(reference))
      if (count === 1) answers.push(deleted(request, broker, reference))
      else if (count !== undefined) {
        answers.push(failed(reference, kafkaErrorCode('INVALID_REQUEST'), 'Duplicate topic name or id.'))
        counts.delete(keyOf(reference))
      }
    }
    return { responses: answers }
  },
  refuse: (request, errorCode, message) => ({
    responses: referencesOf(request).map((reference) => failed(reference, errorCode, message)),
  }),
})

function deleted({ client }: Request, broker: Broker, reference: TopicReference): Answer {
  try {
    const hasId = reference.topicId !== NO_ID
    if ((reference.name !== null) === hasId) {
      throw new ApiError('INVALID_REQUEST', 'A topic is named by its name or by its id.')
    }
    const topic = hasId ? broker.topics.byId(reference.topicId) : broker.topics.get(reference.name ?? '')
    const name = topic?.name ?? reference.name
    // Who may not see a topic is not told whether it exists.
    const needed = topic === undefined ? 'DESCRIBE' : 'DELETE'
    if (name !== null && !broker.access.may(client, needed, 'TOPIC', name)) {
      throw new ApiError('TOPIC_AUTHORIZATION_FAILED')
    }
    if (topic === undefined) throw new ApiError(hasId ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION')
    broker.topics.delete(topic.name)
    return { name: topic.name, topicId: topic.id, errorCode: 0, errorMessage: null }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return failed(reference, error.errorCode, error.message)
  }
}

function referencesOf({ version, body }: Request): readonly TopicReference[] {
  return version < 6 ? body.topicNames.map((name) => ({ name, topicId: NO_ID })) : body.topics
}

function keyOf({ name, topicId }: TopicReference): string {
  return `${name} ${topicId}`
}

function failed({ name, topicId }: TopicReference, errorCode: number, errorMessage: string | null): Answer {
  return { name, topicId, errorCode, errorMessage }
}
