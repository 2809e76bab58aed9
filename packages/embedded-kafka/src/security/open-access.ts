import type { Access, AclResource } from '../broker.ts'
import type { EmulatedRelease } from '../options.ts'

/** Operations by kind of resource, as bits by their codes. */
export type OperationBits = Readonly<Record<AclResource, number>>

const SUPPORTED: OperationBits = { TOPIC: 3576, GROUP: 3400, CLUSTER: 8096, TRANSACTIONAL_ID: 0 }
/** Groups have had settings since 4.0. */
const SUPPORTED_BEFORE_4: OperationBits = { ...SUPPORTED, GROUP: 328 }

/** The operations that a release of Kafka knows for each kind of resource. */
export function supportedOperations(release: EmulatedRelease): OperationBits {
  return Number(release) < 4 ? SUPPORTED_BEFORE_4 : SUPPORTED
}

/** Without an authorizer everybody may do everything. */
export function openAccess(supported: OperationBits): Access {
  return {
    may: () => true,
    mayAnywhere: () => true,
    operations: (_client, resource) => supported[resource],
  }
}
