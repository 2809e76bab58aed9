import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, handler } from '../../api/handler.ts'
import { type SyncResult, NOTHING } from '../classic-requests.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

/** Brings the leader's assignment, and fetches a member's own; the answer waits for the leader. */
export const syncGroup = handler({
  api: 'SyncGroup',
  versions: [0, 5],
  handle(request, broker) {
    const { body, version } = request
    checkGroup(request, broker, body.groupId, 'READ')
    if (version >= 5 && (body.protocolType === null || body.protocolName === null)) {
      throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
    }
    const group = GroupCoordinator.of(broker).classicOf(body.groupId)
    const sync = {
      memberId: body.memberId,
      instanceId: body.groupInstanceId,
      generation: body.generationId,
      protocolType: body.protocolType,
      protocolName: body.protocolName,
      assignments: body.assignments.map(({ memberId, assignment }) => ({ memberId, assignment: assignment.slice() })),
    }
    return new Promise((resolve) => group.sync(sync, (result) => resolve(answer(result))))
  },
  refuse: (_, errorCode) => ({ errorCode, assignment: NOTHING }),
})

function answer({ error, protocolType, protocolName, assignment }: SyncResult): ResponseInput<'SyncGroup'> {
  return { errorCode: kafkaErrorCode(error), protocolType, protocolName, assignment }
}
