import { handler, type ApiError, errorCodeOf } from '../../api/handler.ts'
import { kafkaErrorCode } from '@sluice/kafka-protocol'
import type { LeavingMember } from '../classic-requests.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

const UNKNOWN_MEMBER_ID = kafkaErrorCode('UNKNOWN_MEMBER_ID')

/** Leaves a classic group; from version 3 on several members at once (KIP-345), static ones by their instance id. */
export const leaveGroup = handler({
  api: 'LeaveGroup',
  versions: [0, 5],
  handle(request, broker) {
    const { body, version } = request
    checkGroup(request, broker, body.groupId, 'READ')
    const coordinator = GroupCoordinator.of(broker)
    const isKnown = coordinator.get(body.groupId) !== undefined
    const leaving: readonly LeavingMember[] =
      version >= 3
        ? body.members.map(({ memberId, groupInstanceId }) => ({ memberId, instanceId: groupInstanceId }))
        : [{ memberId: body.memberId, instanceId: null }]
    const outcome = isKnown
      ? coordinator.classicOf(body.groupId).leave(leaving).map(codeOf)
      : leaving.map(() => UNKNOWN_MEMBER_ID)
    if (version < 3) return { errorCode: outcome[0] ?? 0 }
    const members = body.members.map(({ memberId, groupInstanceId }, i) => ({
      memberId,
      groupInstanceId,
      errorCode: outcome[i] ?? 0,
    }))
    return { errorCode: 0, members }
  },
  refuse: (_, errorCode) => ({ errorCode }),
})

function codeOf(error: ApiError | undefined): number {
  return error === undefined ? 0 : errorCodeOf(error)
}
