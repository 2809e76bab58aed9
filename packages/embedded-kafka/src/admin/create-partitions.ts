import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { checkReplicas } from './replica-assignment.ts'

type Request = BrokerRequest<'CreatePartitions'>
type Growth = Request['body']['topics'][number]

/** Topics only grow. */
export const createPartitions = handler({
  api: 'CreatePartitions',
  versions: [0, 3],
  handle(request, broker) {
    const { topics } = request.body
    const names = new Set(topics.map(({ name }) => name))
    return {
      results: Array.from(names, (name) => {
        const growths = topics.filter((topic) => topic.name === name)
        if (growths.length > 1) return failed(name, kafkaErrorCode('INVALID_REQUEST'), 'Duplicate topic name.')
        return grown(request, broker, growths[0]!)
      }),
    }
  },
  refuse: ({ body }, errorCode, message) => ({
    results: body.topics.map(({ name }) => failed(name, errorCode, message)),
  }),
})

function grown({ body, client }: Request, broker: Broker, growth: Growth): ReturnType<typeof failed> {
  const { name, count } = growth
  try {
    if (!broker.access.may(client, 'ALTER', 'TOPIC', name)) throw new ApiError('TOPIC_AUTHORIZATION_FAILED')
    check(broker, growth)
    const leaders = growth.assignments?.map(({ brokerIds }) => brokerIds[0]!)
    if (!body.validateOnly) broker.topics.addPartitions(name, count, leaders)
    return failed(name, 0, null)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return failed(name, error.errorCode, error.message)
  }
}

function check(broker: Broker, { name, count, assignments }: Growth): void {
  const topic = broker.topics.get(name)
  if (topic === undefined) throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION')
  const { length } = topic.partitions
  if (count === length) throw new ApiError('INVALID_PARTITIONS', `Topic already has ${length} partition(s).`)
  if (count < length) {
    throw new ApiError(
      'INVALID_PARTITIONS',
      `The topic ${name} currently has ${length} partition(s); ${count} would not be an increase.`,
    )
  }
  if (assignments === null) return
  if (assignments.length !== count - length) {
    throw new ApiError(
      'INVALID_REPLICA_ASSIGNMENT',
      `Attempted to add ${count - length} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    )
  }
  for (const { brokerIds } of assignments) checkReplicas(broker, brokerIds)
}

function failed(
  name: string,
  errorCode: number,
  errorMessage: string | null,
): { name: string; errorCode: number; errorMessage: string | null } {
  return { name, errorCode, errorMessage }
}
