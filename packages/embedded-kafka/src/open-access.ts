import type { Access, AclResource, Quotas } from './broker.ts'

/** Codes of the operations that Kafka knows for each kind of resource, as bits: everything is allowed. */
const OPERATIONS: Readonly<Record<AclResource, number>> = {
  TOPIC: 3576,
  GROUP: 3400,
  CLUSTER: 8096,
  TRANSACTIONAL_ID: 0,
}

/** Without an authorizer everybody may do everything. */
export const openAccess: Access = {
  may: () => true,
  operations: (_client, resource) => OPERATIONS[resource],
}

/** Nobody is throttled. */
export const noQuotas: Quotas = { throttleMs: () => 0 }
