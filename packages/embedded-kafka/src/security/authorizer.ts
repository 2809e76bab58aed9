import type { Access, AclOperation, AclResource, Client } from '../broker.ts'
import { type Acl, EVERYBODY, OPERATION, PATTERN, PERMISSION, RESOURCE, WILDCARD, covers } from './acl.ts'
import type { Acls } from './acls.ts'
import type { OperationBits } from './open-access.ts'

export interface AuthorizerTerms {
  /** `super.users`: what they may do is not asked. */
  readonly superUsers: ReadonlySet<string>
  /** What `operations` may tell of. */
  readonly supported: OperationBits
  /** `allow.everyone.if.no.acl.found`. */
  readonly isOpenWithoutAcl: boolean
}

/** What a client may do with resources of each kind, as bits by name; found out once, as long as no ACL changes. */
type Permissions = Readonly<Record<AclResource, Map<string, number>>>

/** Of one client and kind of resource: a client that asks for ever new names must not fill the memory. */
const REMEMBERED_MAX = 1000
const EVERYTHING = -1

/** Operations that allow another one besides themselves: by its code, the bits of those. */
const ALLOWED_BY: Readonly<Record<number, number>> = {
  [OPERATION.DESCRIBE]: bits(['READ', 'WRITE', 'DELETE', 'ALTER']),
  [OPERATION.DESCRIBE_CONFIGS]: bits(['ALTER_CONFIGS']),
}

/**
 * Decides by ACLs, as Kafka's StandardAuthorizer does: a denial counts more than any permission; to read, write, delete or alter
 * allows to describe; without an ACL about a resource nobody may touch it.
 */
export class Authorizer implements Access {
  readonly #acls: Acls
  readonly #terms: AuthorizerTerms
  #known = new WeakMap<Client, Permissions>()
  #changes: number

  constructor(acls: Acls, terms: AuthorizerTerms) {
    this.#acls = acls
    this.#terms = terms
    this.#changes = acls.changes
  }

  may(client: Client, operation: AclOperation, resource: AclResource, name: string): boolean {
    return ((this.#permitted(client, resource, name) >> OPERATION[operation]) & 1) === 1
  }

  /** KIP-679: by Kafka's rule, which looks at ACLs and not at what there is. */
  mayAnywhere(client: Client, operation: AclOperation, resource: AclResource): boolean {
    if (this.may(client, operation, resource, 'hardcode')) return true
    const denials: Acl[] = []
    const permissions: Acl[] = []
    for (const acl of this.#acls.all()) {
      if (acl.resourceType !== RESOURCE[resource] || !isAbout(acl, client)) continue
      if (acl.operation !== OPERATION[operation] && acl.operation !== OPERATION.ALL) continue
      if (acl.permissionType === PERMISSION.DENY) denials.push(acl)
      else permissions.push(acl)
    }
    if (denials.some(isAboutAll)) return false
    return permissions.some((acl) => isAboutAll(acl) || !denials.some((denial) => outweighs(denial, acl)))
  }

  operations(client: Client, resource: AclResource, name: string): number {
    return this.#permitted(client, resource, name) & this.#terms.supported[resource]
  }

  #permitted(client: Client, resource: AclResource, name: string): number {
    if (this.#changes !== this.#acls.changes) {
      this.#known = new WeakMap()
      this.#changes = this.#acls.changes
    }
    let permissions = this.#known.get(client)
    if (permissions === undefined) {
      permissions = { TOPIC: new Map(), GROUP: new Map(), CLUSTER: new Map(), TRANSACTIONAL_ID: new Map() }
      this.#known.set(client, permissions)
    }
    const byName = permissions[resource]
    const known = byName.get(name)
    if (known !== undefined) return known
    const found = this.#decide(client, RESOURCE[resource], name)
    if (byName.size >= REMEMBERED_MAX) byName.clear()
    byName.set(name, found)
    return found
  }

  #decide(client: Client, resourceType: number, name: string): number {
    if (this.#terms.superUsers.has(client.principal)) return EVERYTHING
    let isUnguarded = true
    let allowed = 0
    let denied = 0
    for (const acl of this.#acls.all()) {
      if (acl.resourceType !== resourceType || !covers(acl, name)) continue
      isUnguarded = false
      if (!isAbout(acl, client)) continue
      const operations = acl.operation === OPERATION.ALL ? EVERYTHING : 1 << acl.operation
      if (acl.permissionType === PERMISSION.DENY) denied |= operations
      else allowed |= operations
    }
    if (isUnguarded) return this.#terms.isOpenWithoutAcl ? EVERYTHING : 0
    for (const [operation, by] of Object.entries(ALLOWED_BY))
      if ((allowed & by) !== 0) allowed |= 1 << Number(operation)
    return allowed & ~denied
  }
}

function isAbout({ principal, host }: Acl, client: Client): boolean {
  return (principal === client.principal || principal === EVERYBODY) && (host === client.host || host === WILDCARD)
}

function isAboutAll({ patternType, resourceName }: Acl): boolean {
  return patternType === PATTERN.LITERAL && resourceName === WILDCARD
}

/** Whether all that a permission is about is denied. */
function outweighs(denial: Acl, { patternType, resourceName }: Acl): boolean {
  if (denial.patternType === PATTERN.PREFIXED) return resourceName.startsWith(denial.resourceName)
  return patternType === PATTERN.LITERAL && denial.resourceName === resourceName
}

function bits(operations: readonly AclOperation[]): number {
  return operations.reduce((sum, operation) => sum | (1 << OPERATION[operation]), 0)
}
