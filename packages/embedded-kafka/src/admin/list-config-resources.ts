import { ApiError, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { settingsOf } from './config-entry.ts'
import { RESOURCE } from './config-resource.ts'

const TYPES: readonly number[] = Object.values(RESOURCE)

/** KIP-1142: what has settings. Version 0 asks for subscriptions of client metrics, of which there are none. */
export const listConfigResources = handler({
  api: 'ListConfigResources',
  versions: [0, 1],
  handle({ version, body, client }, broker) {
    if (!broker.access.may(client, 'DESCRIBE_CONFIGS', 'CLUSTER', 'kafka-cluster')) {
      throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
    }
    if (version === 0) return { errorCode: 0, configResources: [] }
    const types = body.resourceTypes.length === 0 ? TYPES : [...new Set(body.resourceTypes)]
    if (types.some((type) => !TYPES.includes(type))) throw new ApiError('UNSUPPORTED_VERSION')
    const found = types.flatMap((resourceType) =>
      namesOf(broker, resourceType).map((resourceName) => ({ resourceType, resourceName })),
    )
    return { errorCode: 0, configResources: found }
  },
  refuse: (_, errorCode) => ({ errorCode, configResources: [] }),
})

function namesOf(broker: Broker, type: number): string[] {
  switch (type) {
    case RESOURCE.topic:
      return Array.from(broker.topics.all(), ({ name }) => name)
    case RESOURCE.broker:
    case RESOURCE.brokerLogger:
      return broker.nodes.alive().map(({ id }) => String(id))
    case RESOURCE.group:
      return settingsOf(broker).altered('group')
    default:
      return []
  }
}
