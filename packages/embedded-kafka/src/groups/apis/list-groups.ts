import { handler } from '../../api/handler.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { isCoordinator } from './access.ts'

/** Lists the groups that the asked node coordinates, of given states and types. */
export const listGroups = handler({
  api: 'ListGroups',
  versions: [0, 5],
  handle(request, broker) {
    const { body, client } = request
    const states = new Set(body.statesFilter.map(lower))
    const types = new Set(body.typesFilter.map(lower))
    const mayAll = broker.access.may(client, 'DESCRIBE', 'CLUSTER', 'kafka-cluster')
    const groups: { groupId: string; protocolType: string; groupState: string; groupType: string }[] = []
    for (const { id, protocolType, state, type } of GroupCoordinator.of(broker).all()) {
      if (!isCoordinator(request, broker, id)) continue
      if (states.size > 0 && !states.has(lower(state))) continue
      if (types.size > 0 && !types.has(type)) continue
      if (!mayAll && !broker.access.may(client, 'DESCRIBE', 'GROUP', id)) continue
      groups.push({ groupId: id, protocolType, groupState: state, groupType: type })
    }
    return { errorCode: 0, groups }
  },
  refuse: (_, errorCode) => ({ errorCode, groups: [] }),
})

function lower(text: string): string {
  return text.toLowerCase()
}
