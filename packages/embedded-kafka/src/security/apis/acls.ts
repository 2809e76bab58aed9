import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type ApiHandler, type BrokerRequest, HANG_UP, errorCodeOf, handler } from '../../api/handler.ts'
import type { AclOperation, Broker, Client } from '../../broker.ts'
import { type Acl, type AclFilter, CLUSTER_NAME, OPERATION, PATTERN, PERMISSION, RESOURCE } from '../acl.ts'
import type { Acls } from '../acls.ts'

const INVALID_REQUEST = kafkaErrorCode('INVALID_REQUEST')

type Creation = BrokerRequest<'CreateAcls'>['body']['creations'][number]

/** `acls`: null without an authorizer, and then every verb says so. */
export function aclApis(acls: Acls | null): readonly ApiHandler[] {
  return [describeAcls(acls), createAcls(acls), deleteAcls(acls)]
}

function describeAcls(acls: Acls | null): ApiHandler<'DescribeAcls'> {
  return handler({
    api: 'DescribeAcls',
    versions: [1, 3],
    handle({ body, client }, broker) {
      const existing = authorized(acls, 'DESCRIBE', client, broker)
      if (!isKnownPattern(body)) return HANG_UP
      const found = existing.find(body)
      const resources = new Map<string, { readonly pattern: Acl; readonly acls: Acl[] }>()
      for (const acl of found) {
        const key = JSON.stringify([acl.resourceType, acl.patternType, acl.resourceName])
        const resource = resources.get(key)
        if (resource === undefined) resources.set(key, { pattern: acl, acls: [acl] })
        else resource.acls.push(acl)
      }
      return {
        errorCode: 0,
        resources: Array.from(resources.values(), ({ pattern, acls: own }) => ({
          resourceType: pattern.resourceType,
          resourceName: pattern.resourceName,
          patternType: pattern.patternType,
          acls: own,
        })),
      }
    },
    refuse: (_, errorCode, errorMessage) => ({ errorCode, errorMessage, resources: [] }),
  })
}

function createAcls(acls: Acls | null): ApiHandler<'CreateAcls'> {
  return handler({
    api: 'CreateAcls',
    versions: [1, 3],
    handle({ body, client }, broker) {
      const existing = authorized(acls, 'ALTER', client, broker)
      const made: Acl[] = []
      const results = body.creations.map((creation) => {
        try {
          made.push(checked(creation))
          return { errorCode: 0, errorMessage: '' }
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          return { errorCode: errorCodeOf(error), errorMessage: error.message }
        }
      })
      existing.add(made)
      return { results }
    },
    refuse: ({ body }, errorCode, errorMessage) => ({
      results: body.creations.map(() => ({ errorCode, errorMessage })),
    }),
  })
}

function deleteAcls(acls: Acls | null): ApiHandler<'DeleteAcls'> {
  return handler({
    api: 'DeleteAcls',
    versions: [1, 3],
    handle({ body, client }, broker) {
      const existing = authorized(acls, 'ALTER', client, broker)
      if (!body.filters.every(isKnownPattern)) return HANG_UP
      const found = body.filters.map((filter) => (isKnownEntry(filter) ? existing.find(filter) : null))
      existing.delete(found.flatMap((matching) => matching ?? []))
      return {
        filterResults: found.map((matching) => ({
          errorCode: matching === null ? INVALID_REQUEST : 0,
          errorMessage: matching === null ? 'Unknown operation or permission' : null,
          matchingAcls: (matching ?? []).map((acl) => ({ errorCode: 0, errorMessage: null, ...acl })),
        })),
      }
    },
    refuse: ({ body }, errorCode, errorMessage) => ({
      filterResults: body.filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
    }),
  })
}

/** What no filter of a client says: the connection is closed, as in Kafka. */
function isKnownPattern({ resourceTypeFilter, patternTypeFilter }: AclFilter): boolean {
  const isType = resourceTypeFilter > RESOURCE.UNKNOWN && resourceTypeFilter <= RESOURCE.USER
  return isType && patternTypeFilter > PATTERN.UNKNOWN && patternTypeFilter <= PATTERN.PREFIXED
}

function isKnownEntry({ operation, permissionType }: AclFilter): boolean {
  const isOperation = operation > OPERATION.UNKNOWN && operation <= OPERATION.TWO_PHASE_COMMIT
  return isOperation && permissionType > PERMISSION.UNKNOWN && permissionType <= PERMISSION.ALLOW
}

function authorized(acls: Acls | null, operation: AclOperation, client: Client, broker: Broker): Acls {
  if (!broker.access.may(client, operation, 'CLUSTER', CLUSTER_NAME)) {
    throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
  }
  if (acls === null) throw new ApiError('SECURITY_DISABLED', 'No Authorizer is configured.')
  return acls
}

/** Throws INVALID_REQUEST for what can be no ACL. */
function checked(creation: Creation): Acl {
  const {
    resourceType,
    resourceName,
    resourcePatternType: patternType,
    principal,
    operation,
    permissionType,
  } = creation
  const refuse = (reason: string): never => {
    throw new ApiError('INVALID_REQUEST', reason)
  }
  if (resourceType === RESOURCE.CLUSTER && resourceName !== CLUSTER_NAME) {
    refuse(`The only valid name for the CLUSTER resource is ${CLUSTER_NAME}`)
  }
  if (resourceName === '') refuse('Invalid empty resource name')
  if (resourceType <= RESOURCE.ANY || resourceType > RESOURCE.USER) refuse(`Invalid resourceType ${resourceType}`)
  if (patternType !== PATTERN.LITERAL && patternType !== PATTERN.PREFIXED) refuse(`Invalid patternType ${patternType}`)
  if (operation <= OPERATION.ANY || operation > OPERATION.TWO_PHASE_COMMIT) refuse(`Invalid operation ${operation}`)
  if (permissionType !== PERMISSION.ALLOW && permissionType !== PERMISSION.DENY) {
    refuse(`Invalid permissionType ${permissionType}`)
  }
  if (!principal.includes(':')) refuse(`Could not parse principal from \`${principal}\``)
  const { host } = creation
  return { resourceType, resourceName, patternType, principal, host, operation, permissionType }
}
