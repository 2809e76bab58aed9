import type { ResponseInput } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, handler } from '../../api/handler.ts'
import type { Broker } from '../../broker.ts'
import { toAssignment, toTopicPartitions } from '../assignment.ts'
import { JOIN, LEAVE, LEAVE_FOR_NOW } from '../consumer-heartbeat.ts'
import { newMemberId } from '../consumer-member.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { topicMatcher } from '../topic-regex.ts'
import { checkGroup, clientHost } from './access.ts'

type Request = BrokerRequest<'ConsumerGroupHeartbeat'>

/** Everything that a member of a consumer group says and hears (KIP-848): joining, its assignment, leaving. */
export const consumerGroupHeartbeat = handler({
  api: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  handle(request, broker) {
    const { body } = request
    if (broker.feature('group.version') < 1) throw new ApiError('UNSUPPORTED_VERSION')
    check(request, broker)
    checkGroup(request, broker, body.groupId, 'READ')
    checkTopics(request, broker)
    const group = GroupCoordinator.of(broker).consumerOf(body.groupId, body.memberEpoch === JOIN, isLeaving(request))
    const { memberId, epoch, heartbeatIntervalMs, assignment } = group.heartbeat({
      // Before version 1 the coordinator names its members.
      memberId: body.memberId === '' ? newMemberId() : body.memberId,
      epoch: body.memberEpoch,
      instanceId: body.instanceId,
      rackId: body.rackId,
      rebalanceTimeoutMs: body.rebalanceTimeoutMs === -1 ? null : body.rebalanceTimeoutMs,
      topicNames: body.subscribedTopicNames === null ? null : [...new Set(body.subscribedTopicNames)].toSorted(),
      topicRegex: body.subscribedTopicRegex,
      serverAssignor: body.serverAssignor,
      owned: body.topicPartitions === null ? null : toAssignment(body.topicPartitions),
      clientId: request.clientId ?? '',
      clientHost: clientHost(request),
      classic: null,
    })
    return {
      errorCode: 0,
      memberId,
      memberEpoch: epoch,
      heartbeatIntervalMs,
      assignment: assignment === null ? null : { topicPartitions: toTopicPartitions(assignment) },
    }
  },
  refuse(_, errorCode, errorMessage): ResponseInput<'ConsumerGroupHeartbeat'> {
    return { errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0 }
  },
})

function isLeaving({ body }: Request): boolean {
  return body.memberEpoch === LEAVE || body.memberEpoch === LEAVE_FOR_NOW
}

/** Throws INVALID_REQUEST, UNSUPPORTED_ASSIGNOR, INVALID_REGULAR_EXPRESSION, in Kafka's words. */
function check({ body, version }: Request, broker: Broker): void {
  const { memberEpoch, instanceId, topicPartitions, subscribedTopicNames, subscribedTopicRegex, serverAssignor } = body
  if (body.groupId === '') throw invalid("GroupId can't be empty.")
  if (instanceId === '') throw invalid("InstanceId can't be empty.")
  if (body.rackId === '') throw invalid("RackId can't be empty.")
  const isNameless = body.memberId === ''
  if (isNameless && (version >= 1 || memberEpoch !== JOIN)) throw invalid("MemberId can't be empty.")
  if (memberEpoch === JOIN) {
    if (body.rebalanceTimeoutMs === -1) throw invalid('RebalanceTimeoutMs must be provided in first request.')
    if (topicPartitions === null || topicPartitions.length > 0) {
      throw invalid('TopicPartitions must be empty when (re-)joining.')
    }
    if (subscribedTopicNames === null && subscribedTopicRegex === null) {
      throw invalid('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.')
    }
  } else if (memberEpoch === LEAVE_FOR_NOW) {
    if (instanceId === null) throw invalid("InstanceId can't be null.")
  } else if (memberEpoch < LEAVE_FOR_NOW) {
    throw invalid('MemberEpoch is invalid.')
  }
  const offered = broker.settings.text('group.consumer.assignors').split(',')
  if (serverAssignor !== null && !offered.includes(serverAssignor)) {
    const text = `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${offered.join(', ')}.`
    throw new ApiError('UNSUPPORTED_ASSIGNOR', text)
  }
  if (subscribedTopicRegex !== null && subscribedTopicRegex !== '') topicMatcher(subscribedTopicRegex)
}

function checkTopics({ body, client }: Request, broker: Broker): void {
  for (const name of body.subscribedTopicNames ?? []) {
    if (!broker.access.may(client, 'DESCRIBE', 'TOPIC', name)) throw new ApiError('TOPIC_AUTHORIZATION_FAILED')
  }
}

function invalid(message: string): ApiError {
  return new ApiError('INVALID_REQUEST', message)
}
