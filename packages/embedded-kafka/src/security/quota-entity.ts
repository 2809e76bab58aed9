import { isIP } from 'node:net'
import { ApiError } from '../api/handler.ts'

export const ENTITY_TYPES = ['user', 'client-id', 'ip'] as const
export type EntityType = (typeof ENTITY_TYPES)[number]

/** Whom a quota is for: names by type, null for whoever has none of their own. */
export type QuotaEntity = Readonly<Partial<Record<EntityType, string | null>>>
export type Limits = Readonly<Record<string, number>>

/** An entity in the form of the messages. */
export interface EntityPart {
  readonly entityType: string
  readonly entityName: string | null
}

/** Limits of clients take whole numbers but for the share of a processor; those of addresses stand alone. */
const CLIENT_LIMITS: ReadonlySet<string> = new Set([
  'producer_byte_rate',
  'consumer_byte_rate',
  'request_percentage',
  'controller_mutation_rate',
])
const ADDRESS_LIMITS: ReadonlySet<string> = new Set(['connection_creation_rate'])
/** What may be left over by arithmetic. */
const FRACTION_MAX = 1e-6
const WHOLE: ReadonlySet<string> = new Set(['producer_byte_rate', 'consumer_byte_rate', 'connection_creation_rate'])

/** @throws ApiError INVALID_REQUEST for what can have no quota */
export function quotaEntity(parts: readonly EntityPart[]): QuotaEntity {
  const entity: Partial<Record<EntityType, string | null>> = {}
  if (parts.length === 0) throw invalid('Invalid empty client quota entity')
  for (const { entityType, entityName } of parts) {
    const type = ENTITY_TYPES.find((one) => one === entityType)
    if (type === undefined) throw invalid(`Unhandled client quota entity type: ${entityType}`)
    if (entity[type] !== undefined)
      throw invalid(`Invalid client quota entity, contains duplicate entity type: ${type}`)
    if (entityName === '') throw invalid(`Empty ${type} not supported`)
    entity[type] = entityName
  }
  if (entity.ip !== undefined && parts.length > 1) throw invalid('Invalid client quota entity combination')
  if (typeof entity.ip === 'string' && isIP(entity.ip) === 0) {
    throw invalid(`${entity.ip} is not a valid IP or resolvable host.`)
  }
  return entity
}

/** The same text for the same entity. */
export function entityKey(entity: QuotaEntity): string {
  return JSON.stringify(ENTITY_TYPES.map((type) => (entity[type] === undefined ? 0 : [entity[type]])))
}

export function entityParts(entity: QuotaEntity): EntityPart[] {
  return ENTITY_TYPES.filter((type) => entity[type] !== undefined).map((entityType) => ({
    entityType,
    entityName: entity[entityType] ?? null,
  }))
}

/** @throws ApiError INVALID_REQUEST unless this kind of entity has such a limit, and the limit such a value */
export function checkLimit(entity: QuotaEntity, key: string, value: number): void {
  const known = entity.ip === undefined ? CLIENT_LIMITS : ADDRESS_LIMITS
  if (!known.has(key)) throw invalid(`Invalid configuration key ${key}`)
  if (!(value > 0)) throw invalid(`Quota ${key} must be greater than 0`)
  if (WHOLE.has(key) && (Math.abs(value - Math.round(value)) > FRACTION_MAX || value >= 2 ** 63)) {
    throw invalid(`${key} has to be a whole number`)
  }
}

export function invalid(message: string): ApiError {
  return new ApiError('INVALID_REQUEST', message)
}
