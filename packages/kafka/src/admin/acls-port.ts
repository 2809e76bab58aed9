import type { Outcome } from './admin-port.ts'

export type AclResourceType = 'topic' | 'group' | 'cluster' | 'transactional-id' | 'delegation-token' | 'user'

export type AclPatternType = 'literal' | 'prefixed'

export type AclOperation =
  | 'all'
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'cluster-action'
  | 'describe-configs'
  | 'alter-configs'
  | 'idempotent-write'
  | 'create-tokens'
  | 'describe-tokens'
  | 'two-phase-commit'

export interface AclBinding {
  readonly resourceType: AclResourceType
  readonly resourceName: string
  readonly patternType: AclPatternType
  /** As in `User:alice`. */
  readonly principal: string
  /** `*`: any. */
  readonly host: string
  readonly operation: AclOperation
  readonly permission: 'allow' | 'deny'
}

/** What is left out matches anything. `match`: every pattern that would apply to the resource name. */
export interface AclFilter {
  readonly resourceType?: AclResourceType
  readonly resourceName?: string
  readonly patternType?: AclPatternType | 'match'
  readonly principal?: string
  readonly host?: string
  readonly operation?: AclOperation
  readonly permission?: 'allow' | 'deny'
}

/** SECURITY_DISABLED on a cluster without an authorizer. */
export interface AclsAdmin {
  describe(filter?: AclFilter): Promise<readonly AclBinding[]>
  create(bindings: readonly AclBinding[]): Promise<readonly Outcome<AclBinding>[]>
  /** The value of a filter: what became of each binding that it matched. */
  delete(filters: readonly AclFilter[]): Promise<readonly Outcome<AclFilter, readonly Outcome<AclBinding>[]>[]>
}
