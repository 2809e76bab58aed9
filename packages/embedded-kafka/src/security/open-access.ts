import type { Access, AclResource } from '../broker.ts'

/** The operations that Kafka knows for each kind of resource, as bits by their codes. */
export const SUPPORTED_OPERATIONS: Readonly<Record<AclResource, number>> = {
  TOPIC: 3576,
  GROUP: 328,
  CLUSTER: 8096,
  TRANSACTIONAL_ID: 0,
}

/** Without an authorizer everybody may do everything. */
export const openAccess: Access = {
  may: () => true,
  mayAnywhere: () => true,
  operations: (_client, resource) => SUPPORTED_OPERATIONS[resource],
}
