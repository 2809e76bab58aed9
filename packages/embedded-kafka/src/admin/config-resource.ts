import { ApiError } from '../api/handler.ts'
import type { Broker, Client } from '../broker.ts'
import type { ConfigResource } from './config-entry.ts'
import { groupResource } from './group-resource.ts'
import { nodeResource } from './node-resource.ts'
import { topicResource } from './topic-resource.ts'

/** Codes of what has settings. */
export const RESOURCE = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const

/** Throws INVALID_REQUEST for what has no settings here. Whether a topic exists is known when it is described, checked or applied. */
export function configResource(broker: Broker, node: number, type: number, name: string): ConfigResource {
  switch (type) {
    case RESOURCE.topic:
      return topicResource(broker, name)
    case RESOURCE.broker:
      return nodeResource(broker, node, name)
    case RESOURCE.group:
      return groupResource(broker, name)
    default:
      throw new ApiError('INVALID_REQUEST', `Resources of type ${type} have no settings in this broker`)
  }
}

/** Throws the authorization error of this kind of resource unless the client may do this to its settings. */
export function checkMay(
  broker: Broker,
  client: Client,
  operation: 'DESCRIBE_CONFIGS' | 'ALTER_CONFIGS',
  type: number,
  name: string,
): void {
  if (type === RESOURCE.topic) {
    if (!broker.access.may(client, operation, 'TOPIC', name)) throw new ApiError('TOPIC_AUTHORIZATION_FAILED')
  } else if (type === RESOURCE.group) {
    if (!broker.access.may(client, operation, 'GROUP', name)) throw new ApiError('GROUP_AUTHORIZATION_FAILED')
  } else if (!broker.access.may(client, operation, 'CLUSTER', 'kafka-cluster')) {
    throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
  }
}
