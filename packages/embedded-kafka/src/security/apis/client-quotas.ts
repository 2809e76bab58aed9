import type { ResponseInput } from '@sluice/kafka-protocol'
import { ApiError, type ApiHandler, type BrokerRequest, errorCodeOf, handler } from '../../api/handler.ts'
import { CLUSTER_NAME } from '../acl.ts'
import {
  ENTITY_TYPES,
  type EntityType,
  type QuotaEntity,
  checkLimit,
  entityParts,
  invalid,
  quotaEntity,
} from '../quota-entity.ts'
import type { ClientQuotas } from '../quotas.ts'

type Entry = BrokerRequest<'AlterClientQuotas'>['body']['entries'][number]
type Component = BrokerRequest<'DescribeClientQuotas'>['body']['components'][number]

type Outcome = ResponseInput<'AlterClientQuotas'>['entries'][number]

const EXACT = 0
const DEFAULT = 1
const SPECIFIED = 2

/** KIP-546. */
export function quotaApis(quotas: ClientQuotas): readonly ApiHandler[] {
  return [describeClientQuotas(quotas), alterClientQuotas(quotas)]
}

function describeClientQuotas(quotas: ClientQuotas): ApiHandler<'DescribeClientQuotas'> {
  return handler({
    api: 'DescribeClientQuotas',
    versions: [0, 1],
    handle({ body, client }, broker) {
      if (!broker.access.may(client, 'DESCRIBE_CONFIGS', 'CLUSTER', CLUSTER_NAME)) {
        throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
      }
      const isWanted = filterOf(body.components, body.strict)
      return {
        errorCode: 0,
        errorMessage: '',
        entries: Array.from(quotas.entries)
          .filter(({ entity }) => isWanted(entity))
          .map(({ entity, limits }) => ({
            entity: entityParts(entity),
            values: Object.entries(limits).map(([key, value]) => ({ key, value })),
          })),
      }
    },
    refuse: (_, errorCode, errorMessage) => ({ errorCode, errorMessage, entries: null }),
  })
}

/** @throws ApiError INVALID_REQUEST, UNSUPPORTED_VERSION */
function filterOf(components: readonly Component[], isStrict: boolean): (entity: QuotaEntity) => boolean {
  const byType = new Map<EntityType, Component>()
  for (const component of components) {
    const { entityType, matchType, match } = component
    if (entityType === '') throw invalid('Unexpected empty filter component entity type')
    const type = ENTITY_TYPES.find((one) => one === entityType)
    if (type === undefined)
      throw new ApiError('UNSUPPORTED_VERSION', `Custom entity type '${entityType}' not supported`)
    if (byType.has(type)) throw invalid(`Entity type ${type} appears more than once in the filter`)
    if (matchType === EXACT && match === null) {
      throw invalid('Request specified MATCH_TYPE_EXACT, but set match string to null.')
    }
    if ((matchType === DEFAULT || matchType === SPECIFIED) && match !== null) {
      throw invalid(`Request did not specify MATCH_TYPE_EXACT, but set match string to ${match}`)
    }
    if (matchType < EXACT || matchType > SPECIFIED) throw invalid(`Unknown match type ${matchType}`)
    byType.set(type, component)
  }
  if (byType.has('ip') && byType.size > 1) {
    const rule = 'IP filter component should not be used with user or clientId filter component.'
    throw invalid(`Invalid entity filter component combination, ${rule}`)
  }
  return (entity) => {
    for (const [type, { matchType, match }] of byType) {
      const name = entity[type]
      if (name === undefined) return false
      if (matchType === EXACT && name !== match) return false
      if (matchType === DEFAULT && name !== null) return false
    }
    return !isStrict || entityParts(entity).length === byType.size
  }
}

function alterClientQuotas(quotas: ClientQuotas): ApiHandler<'AlterClientQuotas'> {
  return handler({
    api: 'AlterClientQuotas',
    versions: [0, 1],
    handle({ body, client }, broker) {
      if (!broker.access.may(client, 'ALTER_CONFIGS', 'CLUSTER', CLUSTER_NAME)) {
        throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
      }
      // As in Kafka an entity that is named again is refused, and the refusal is all that is said of it.
      const outcomes = new Map<string, Outcome>()
      for (const entry of body.entries) {
        const key = JSON.stringify(entry.entity)
        outcomes.set(key, outcomeOf(quotas, entry, outcomes.has(key), body.validateOnly))
      }
      return { entries: [...outcomes.values()] }
    },
    refuse: ({ body }, errorCode, errorMessage) => ({
      entries: body.entries.map(({ entity }) => ({ errorCode, errorMessage, entity })),
    }),
  })
}

function outcomeOf(quotas: ClientQuotas, entry: Entry, isAgain: boolean, isValidateOnly: boolean): Outcome {
  const { entity } = entry
  try {
    if (isAgain) throw invalid('Each client quota entity must appear at most once.')
    alter(quotas, entry, isValidateOnly)
    return { errorCode: 0, errorMessage: null, entity }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { errorCode: errorCodeOf(error), errorMessage: error.message, entity }
  }
}

function alter(quotas: ClientQuotas, { entity: parts, ops }: Entry, isValidateOnly: boolean): void {
  const entity = quotaEntity(parts)
  const limits: Record<string, number> = { ...quotas.limits(entity) }
  if (new Set(ops.map((op) => op.key)).size < ops.length) throw invalid('Each limit must appear at most once.')
  for (const { key: limit, value, remove } of ops) {
    if (remove) delete limits[limit]
    else {
      checkLimit(entity, limit, value)
      limits[limit] = value
    }
  }
  if (!isValidateOnly) quotas.replace(entity, limits)
}
