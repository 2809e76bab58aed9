/** Kafka's codes of access control, and our words for them. */
import type { AclBinding, AclFilter, AclOperation, AclPatternType, AclResourceType } from './acls-port.ts'

export const ANY = 1

export const OPERATIONS: Readonly<Record<AclOperation, number>> = {
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  'cluster-action': 9,
  'describe-configs': 10,
  'alter-configs': 11,
  'idempotent-write': 12,
  'create-tokens': 13,
  'describe-tokens': 14,
  'two-phase-commit': 15,
}

export const RESOURCE_TYPES: Readonly<Record<AclResourceType, number>> = {
  topic: 2,
  group: 3,
  cluster: 4,
  'transactional-id': 5,
  'delegation-token': 6,
  user: 7,
}

export const PATTERN_TYPES: Readonly<Record<AclPatternType | 'match', number>> = { match: 2, literal: 3, prefixed: 4 }

export const PERMISSIONS: Readonly<Record<AclBinding['permission'], number>> = { deny: 2, allow: 3 }

/** Not asked for. */
const NO_OPERATIONS = -2147483648

/** The operations of a bit field, a bit per code; null when it was not asked for. */
export function operationsOf(bits: number): readonly AclOperation[] | null {
  if (bits === NO_OPERATIONS) return null
  return words(OPERATIONS).flatMap(([word, code]) => ((bits >>> code) & 1 ? [word] : []))
}

/** The word of a code; undefined for a code from a newer Kafka. */
export function wordOf<W extends string>(codes: Readonly<Record<W, number>>, code: number): W | undefined {
  return words(codes).find(([, one]) => one === code)?.[0]
}

/** A filter in Kafka's fields: what is left out matches anything. */
export function filterFields(filter: AclFilter) {
  const { resourceType, resourceName, patternType, principal, host, operation, permission } = filter
  return {
    resourceTypeFilter: resourceType === undefined ? ANY : RESOURCE_TYPES[resourceType],
    resourceNameFilter: resourceName ?? null,
    patternTypeFilter: patternType === undefined ? ANY : PATTERN_TYPES[patternType],
    principalFilter: principal ?? null,
    hostFilter: host ?? null,
    operation: operation === undefined ? ANY : OPERATIONS[operation],
    permissionType: permission === undefined ? ANY : PERMISSIONS[permission],
  }
}

function words<W extends string>(codes: Readonly<Record<W, number>>): [W, number][] {
  return Object.entries<number>(codes) as [W, number][]
}
