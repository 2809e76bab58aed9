import type { ResponseInput } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, errorCodeOf, handler } from '../../api/handler.ts'
import type { Broker } from '../../broker.ts'
import { ConsumerGroup } from '../consumer-group.ts'
import { heldPartitions } from '../consumer-member.ts'
import { namedPartitions } from '../consumer-members.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

type Description = ResponseInput<'ConsumerGroupDescribe'>['groups'][number]

/** What `memberType` calls a member, by its protocol. */
const CLASSIC_MEMBER = 0
const CONSUMER_MEMBER = 1

/** Describes consumer groups (KIP-848). */
export const consumerGroupDescribe = handler({
  api: 'ConsumerGroupDescribe',
  versions: [0, 1],
  handle(request, broker) {
    return { groups: request.body.groupIds.map((groupId) => describe(request, broker, groupId)) }
  },
  refuse: ({ body }, errorCode, message) => ({
    groups: body.groupIds.map((groupId) => without(groupId, errorCode, message)),
  }),
})

function describe(request: BrokerRequest<'ConsumerGroupDescribe'>, broker: Broker, groupId: string): Description {
  try {
    checkGroup(request, broker, groupId, 'DESCRIBE')
    const group = GroupCoordinator.of(broker).get(groupId)
    if (group instanceof ConsumerGroup) return told(request, broker, group)
    const text = group === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a consumer group.`
    throw new ApiError('GROUP_ID_NOT_FOUND', text)
  } catch (error) {
    const isNamed = error instanceof ApiError && error.message !== error.name
    return without(groupId, errorCodeOf(error), isNamed ? error.message : null)
  }
}

function told(request: BrokerRequest<'ConsumerGroupDescribe'>, broker: Broker, group: ConsumerGroup): Description {
  const members = Array.from(group.members.all.values(), ({ id, subscription, current, target }) => ({
    memberId: id,
    instanceId: subscription.instanceId,
    rackId: subscription.rackId,
    memberEpoch: current.epoch,
    clientId: subscription.clientId,
    clientHost: subscription.clientHost,
    subscribedTopicNames: subscription.topicNames,
    subscribedTopicRegex: subscription.topicRegex,
    assignment: { topicPartitions: namedPartitions(broker.topics, heldPartitions(current)) },
    targetAssignment: { topicPartitions: namedPartitions(broker.topics, target) },
    memberType: subscription.classic === null ? CONSUMER_MEMBER : CLASSIC_MEMBER,
  }))
  const topics = members.flatMap(({ assignment, targetAssignment }) => [
    ...assignment.topicPartitions,
    ...targetAssignment.topicPartitions,
  ])
  if (topics.some(({ topicName }) => !broker.access.may(request.client, 'DESCRIBE', 'TOPIC', topicName))) {
    throw new ApiError(
      'TOPIC_AUTHORIZATION_FAILED',
      'The group has described topic(s) that the client is not authorized to describe.',
    )
  }
  return {
    errorCode: 0,
    groupId: group.id,
    groupState: group.state,
    groupEpoch: group.epoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: group.assignor,
    members,
    ...(request.body.includeAuthorizedOperations && {
      authorizedOperations: broker.access.operations(request.client, 'GROUP', group.id),
    }),
  }
}

function without(groupId: string, errorCode: number, errorMessage: string | null): Description {
  const empty = { groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] }
  return { errorCode, errorMessage, groupId, ...empty }
}
