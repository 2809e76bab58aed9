import { OPERATIONS, PATTERN_TYPES, PERMISSIONS, RESOURCE_TYPES, filterFields, wordOf } from './acl-words.ts'
import { type AdminRequests, type Answer, answered } from './admin-requests.ts'
import type { AclBinding, AclFilter, AclsAdmin, Outcome } from './admin-port.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'

/** The codes of one binding. */
interface BindingCodes {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

export class Acls implements AclsAdmin {
  readonly #requests: AdminRequests

  constructor(requests: AdminRequests) {
    this.#requests = requests
  }

  describe(filter: AclFilter = {}): Promise<readonly AclBinding[]> {
    return this.#requests.once('describe ACLs', async () => {
      const connection = await this.#requests.any()
      const answer = await connection.send('DescribeAcls', connection.version('DescribeAcls'), filterFields(filter))
      const { errorCode, errorMessage, resources } = answer
      if (errorCode !== KAFKA_ERROR.NONE) throw refused(errorCode, 'Cannot describe ACLs', {}, errorMessage)
      return resources.flatMap(({ acls, ...resource }) => acls.flatMap((acl) => binding({ ...resource, ...acl }) ?? []))
    })
  }

  create(bindings: readonly AclBinding[]): Promise<readonly Outcome<AclBinding>[]> {
    return this.#requests.outcomes('create ACLs', bindings, async (left) => {
      const connection = await this.#requests.controller()
      const { results } = await connection.send('CreateAcls', connection.version('CreateAcls'), {
        creations: left.map((one) => ({
          resourceType: RESOURCE_TYPES[one.resourceType],
          resourceName: one.resourceName,
          resourcePatternType: PATTERN_TYPES[one.patternType],
          principal: one.principal,
          host: one.host,
          operation: OPERATIONS[one.operation],
          permissionType: PERMISSIONS[one.permission],
        })),
      })
      return new Map(
        results.map(({ errorCode, errorMessage }, i) => {
          const item = left[i]!
          return [item, answered(errorCode, undefined, 'Cannot create an ACL', placeOf(item), errorMessage)]
        }),
      )
    })
  }

  delete(filters: readonly AclFilter[]): Promise<readonly Outcome<AclFilter, readonly Outcome<AclBinding>[]>[]> {
    return this.#requests.outcomes('delete ACLs', filters, async (left) => {
      const connection = await this.#requests.controller()
      const { filterResults } = await connection.send('DeleteAcls', connection.version('DeleteAcls'), {
        filters: left.map(filterFields),
      })
      return new Map(
        filterResults.map(
          ({ errorCode, errorMessage, matchingAcls }, i): [AclFilter, Answer<Outcome<AclBinding>[]>] => {
            const deleted = matchingAcls.flatMap((one): Outcome<AclBinding>[] => {
              const item = binding(one)
              if (item === null) return []
              if (one.errorCode === KAFKA_ERROR.NONE) return [{ item, value: undefined, error: null }]
              const error = refused(one.errorCode, 'Cannot delete an ACL', placeOf(item), one.errorMessage)
              return [{ item, value: null, error }]
            })
            return [left[i]!, answered(errorCode, deleted, 'Cannot delete ACLs', {}, errorMessage)]
          },
        ),
      )
    })
  }
}

/** Null for codes from a newer Kafka: a binding that we have no words for cannot be shown, nor be one of ours. */
function binding(codes: BindingCodes): AclBinding | null {
  const { resourceName, principal, host } = codes
  const resourceType = wordOf(RESOURCE_TYPES, codes.resourceType)
  const patternType = wordOf(PATTERN_TYPES, codes.patternType)
  const operation = wordOf(OPERATIONS, codes.operation)
  const permission = wordOf(PERMISSIONS, codes.permissionType)
  if (resourceType === undefined || operation === undefined || permission === undefined) return null
  if (patternType === undefined || patternType === 'match') return null
  return { resourceType, resourceName, patternType, principal, host, operation, permission }
}

function placeOf({ resourceType, resourceName, principal, operation }: AclBinding): Record<string, string> {
  return { resource: `${resourceType} ${resourceName}`, principal, operation }
}
