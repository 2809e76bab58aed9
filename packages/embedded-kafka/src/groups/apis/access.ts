import type { ApiName } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest } from '../../api/handler.ts'
import type { AclOperation, Broker } from '../../broker.ts'

/**
 * Throws what refuses a request about a group: GROUP_AUTHORIZATION_FAILED, NOT_COORDINATOR when another node coordinates it, and
 * INVALID_GROUP_ID for a group without a name unless old clients' nameless group `isNamelessAllowed`.
 */
export function checkGroup(
  request: BrokerRequest<ApiName>,
  broker: Broker,
  groupId: string,
  operation: AclOperation,
  isNamelessAllowed = false,
): void {
  if (!broker.access.may(request.client, operation, 'GROUP', groupId)) throw new ApiError('GROUP_AUTHORIZATION_FAILED')
  if (groupId === '' && !isNamelessAllowed) throw new ApiError('INVALID_GROUP_ID')
  if (!isCoordinator(request, broker, groupId)) throw new ApiError('NOT_COORDINATOR')
}

/** Whether the node that was asked coordinates the group. */
export function isCoordinator(request: BrokerRequest<ApiName>, broker: Broker, groupId: string): boolean {
  return broker.nodes.coordinatorOf('group', groupId) === request.node
}

/** Addresses are told as Java prints them. */
export function clientHost({ client }: BrokerRequest<ApiName>): string {
  return `/${client.host}`
}
