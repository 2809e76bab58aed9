import { errorCodeOf, handler } from '../../api/handler.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

/** Deletes groups without members, and their offsets. */
export const deleteGroups = handler({
  api: 'DeleteGroups',
  versions: [0, 2],
  handle(request, broker) {
    const coordinator = GroupCoordinator.of(broker)
    const results = [...new Set(request.body.groupsNames)].map((groupId) => {
      try {
        checkGroup(request, broker, groupId, 'DELETE', true)
        coordinator.deleteGroup(groupId)
        return { groupId, errorCode: 0 }
      } catch (error) {
        return { groupId, errorCode: errorCodeOf(error) }
      }
    })
    return { results }
  },
  refuse: ({ body }, errorCode) => ({ results: body.groupsNames.map((groupId) => ({ groupId, errorCode })) }),
})
