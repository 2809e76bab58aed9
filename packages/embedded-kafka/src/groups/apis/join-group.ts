import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, handler } from '../../api/handler.ts'
import { type JoinRequest, type JoinResult, refusedJoin } from '../classic-requests.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup, clientHost } from './access.ts'

type Request = BrokerRequest<'JoinGroup'>

/** Joins a classic group; the answer waits for the others. */
export const joinGroup = handler({
  api: 'JoinGroup',
  versions: [0, 9],
  handle(request, broker) {
    const { groupId, sessionTimeoutMs } = request.body
    checkGroup(request, broker, groupId, 'READ')
    const minMs = broker.settings.number('group.min.session.timeout.ms')
    const maxMs = broker.settings.number('group.max.session.timeout.ms')
    if (sessionTimeoutMs < minMs || sessionTimeoutMs > maxMs) throw new ApiError('INVALID_SESSION_TIMEOUT')
    const coordinator = GroupCoordinator.of(broker)
    return answered(request, (joining, respond) => {
      coordinator.join(groupId, joining, respond)
      return () => coordinator.disconnected(groupId, respond, joining.memberId !== '')
    })
  },
  refuse(request, errorCode) {
    const memberId = errorCode === GROUP_MAX_SIZE_REACHED ? '' : request.body.memberId
    return answer(request, { ...refusedJoin(memberId, 'UNKNOWN_MEMBER_ID') }, errorCode)
  },
})

const GROUP_MAX_SIZE_REACHED = kafkaErrorCode('GROUP_MAX_SIZE_REACHED')

/** Joins, and waits for the answer as long as the client is there. */
function answered(
  request: Request,
  join: (joining: JoinRequest, respond: (result: JoinResult) => void) => () => void,
): ResponseInput<'JoinGroup'> | Promise<ResponseInput<'JoinGroup'>> {
  const { closed } = request.client
  let result: JoinResult | undefined
  let resolve: ((answer: ResponseInput<'JoinGroup'>) => void) | undefined
  let onGone: (() => void) | undefined
  const leave = join(joining(request), (outcome) => {
    result = outcome
    if (onGone !== undefined) closed.removeEventListener('abort', onGone)
    resolve?.(answer(request, outcome))
  })
  if (result !== undefined) return answer(request, result)
  onGone = leave
  closed.addEventListener('abort', onGone, { once: true })
  return new Promise((settle) => (resolve = settle))
}

function joining(request: Request): JoinRequest {
  const { body, version } = request
  return {
    memberId: body.memberId,
    instanceId: body.groupInstanceId,
    clientId: request.clientId ?? '',
    clientHost: clientHost(request),
    protocolType: body.protocolType,
    // What is kept must not hold on to the whole frame.
    protocols: body.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
    sessionTimeoutMs: body.sessionTimeoutMs,
    rebalanceTimeoutMs: version === 0 ? body.sessionTimeoutMs : body.rebalanceTimeoutMs,
    isIdRequired: version >= 4,
    canSkipAssignment: version >= 9,
  }
}

function answer({ version }: Request, result: JoinResult, errorCode?: number): ResponseInput<'JoinGroup'> {
  return {
    errorCode: errorCode ?? kafkaErrorCode(result.error),
    generationId: result.generation,
    protocolType: result.protocolType,
    protocolName: result.protocolName ?? (version >= 7 ? null : ''),
    leader: result.leader,
    skipAssignment: result.isAssignmentSkipped,
    memberId: result.memberId,
    members: result.members.map(({ id, instanceId, metadata }) => ({
      memberId: id,
      groupInstanceId: instanceId,
      metadata,
    })),
  }
}
