/** The store that a table of the DSL is kept in: its definition out of what was said of it. */
import type { AnyMaterialized, Stored } from '../options.ts'
import type { Side } from '../serde.ts'
import type { StoreDefinition } from '../state/definition.ts'
import { checkDuration } from '../windows/duration-check.ts'
import { topologyInvalid } from '../topology/topology-invalid.ts'

/** What is known of the serdes where a store is made. */
export interface KnownSides {
  readonly key: Side | null
  readonly value: Side | null
}

export type Base = Pick<StoreDefinition, 'name' | 'key' | 'value' | 'engine' | 'logging' | 'caching'>

/** @throws SluiceError TOPOLOGY_INVALID when a serde is not known */
export function storeBase(name: string, stored: Stored, { key, value }: KnownSides): Base {
  return {
    name,
    key: known(key, 'keys', name),
    value: known(value, 'values', name),
    engine: stored.engine ?? null,
    logging: stored.logging === false ? null : (stored.logging ?? {}),
    caching: stored.caching ?? true,
  }
}

/** The store of an unwindowed table. */
export function tableStoreDefinition(name: string, materialized: AnyMaterialized, known: KnownSides): StoreDefinition {
  return unwindowed(storeBase(name, materialized, known), materialized)
}

/** @throws SluiceError TOPOLOGY_INVALID for a history that is none, and for the retention of windows */
export function unwindowed(base: Base, { historyRetentionMs, retentionMs }: AnyMaterialized): StoreDefinition {
  if (retentionMs !== undefined) {
    throw topologyInvalid(
      `Store ${base.name} is to keep windows for ${retentionMs} ms, and has none`,
      'Leave retentionMs out: rows are kept until they are deleted. All versions of them are kept for historyRetentionMs.',
    )
  }
  if (historyRetentionMs === undefined) return { kind: 'timestampedKeyValue', ...base }
  checkDuration(`The history of store ${base.name}`, historyRetentionMs, 0)
  return { kind: 'versioned', ...base, historyRetentionMs }
}

/** @throws SluiceError TOPOLOGY_INVALID for a history of windows */
export function refuseHistory(name: string, { historyRetentionMs }: AnyMaterialized): void {
  if (historyRetentionMs === undefined) return
  throw topologyInvalid(
    `Store ${name} is to keep a history, and has windows`,
    'Leave historyRetentionMs out: windows are kept for retentionMs, in their last version.',
  )
}

/**
 * How long windows are kept: as said, but no shorter than they take records.
 * @throws SluiceError TOPOLOGY_INVALID for less
 */
export function retentionOf(name: string, retentionMs: number | undefined, leastMs: number): number {
  if (retentionMs === undefined) return leastMs
  if (retentionMs >= leastMs) return retentionMs
  throw topologyInvalid(
    `Store ${name} keeps windows for ${retentionMs} ms, while they take records for ${leastMs}`,
    `Give a retention of at least ${leastMs} ms, or smaller windows or grace.`,
  )
}

/** @throws SluiceError TOPOLOGY_INVALID when the serde is not known */
export function known(side: Side | null | undefined, what: 'keys' | 'values', where: string): Side {
  if (side !== null && side !== undefined) return side
  throw topologyInvalid(
    `How ${what} of ${where} are written is not known`,
    'Give the serde where it is made: Materialized, Grouped, Joined, StreamJoined or Repartitioned.',
  )
}
