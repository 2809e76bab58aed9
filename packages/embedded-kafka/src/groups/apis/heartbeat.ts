import { handler } from '../../api/handler.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

/** Keeps a member's session, and tells it of a rebalance. */
export const heartbeat = handler({
  api: 'Heartbeat',
  versions: [0, 4],
  handle(request, broker) {
    const { groupId, memberId, groupInstanceId, generationId } = request.body
    checkGroup(request, broker, groupId, 'READ')
    GroupCoordinator.of(broker).classicOf(groupId).heartbeat(memberId, groupInstanceId, generationId)
    return { errorCode: 0 }
  },
  refuse: (_, errorCode) => ({ errorCode }),
})
