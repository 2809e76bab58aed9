/** What ACLs are made of (KIP-11, KIP-290), by the codes that messages have. */

export const RESOURCE = {
  UNKNOWN: 0,
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const
export const PATTERN = { UNKNOWN: 0, ANY: 1, MATCH: 2, LITERAL: 3, PREFIXED: 4 } as const
export const OPERATION = {
  UNKNOWN: 0,
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const
export const PERMISSION = { UNKNOWN: 0, ANY: 1, DENY: 2, ALLOW: 3 } as const

export const CLUSTER_NAME = 'kafka-cluster'
export const WILDCARD = '*'
export const EVERYBODY = 'User:*'

export interface Acl {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  /** An address, or `*`. */
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

/** As DescribeAcls and DeleteAcls ask: null, or the code of ANY, for whatever there is. */
export interface AclFilter {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter: number
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}

export function matches(filter: AclFilter, acl: Acl): boolean {
  const { resourceTypeFilter, principalFilter, hostFilter, operation, permissionType } = filter
  return (
    (resourceTypeFilter === RESOURCE.ANY || resourceTypeFilter === acl.resourceType) &&
    (principalFilter === null || principalFilter === acl.principal) &&
    (hostFilter === null || hostFilter === acl.host) &&
    (operation === OPERATION.ANY || operation === acl.operation) &&
    (permissionType === PERMISSION.ANY || permissionType === acl.permissionType) &&
    matchesPattern(filter, acl)
  )
}

function matchesPattern({ patternTypeFilter, resourceNameFilter: name }: AclFilter, acl: Acl): boolean {
  if (patternTypeFilter === PATTERN.ANY) return name === null || name === acl.resourceName
  if (patternTypeFilter === PATTERN.MATCH) return name === null || covers(acl, name)
  return patternTypeFilter === acl.patternType && (name === null || name === acl.resourceName)
}

/** Whether an ACL is about the resource of this name. */
export function covers({ patternType, resourceName }: Acl, name: string): boolean {
  if (patternType === PATTERN.PREFIXED) return name.startsWith(resourceName)
  return resourceName === name || resourceName === WILDCARD
}
