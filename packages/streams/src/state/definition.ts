/** What a store is, before any task has one: part of the topology. */

import type { Side } from '../serde.ts'

/** Where a store keeps its entries: `memory` in this process, restored in full from the changelog; `lmdb` in the state directory. */
export type StoreEngine = 'memory' | 'lmdb'

/** What all stores have. */
interface StoreBase {
  readonly name: string
  readonly key: Side
  readonly value: Side
  /** Null: the kind’s own, see `engineOf`. */
  readonly engine: StoreEngine | null
  /** The settings of its changelog topic beyond the default ones; null: no changelog, so that its content is lost with the task. */
  readonly logging: Readonly<Record<string, string>> | null
  /** Whether updates of a key within one commit become one changelog record. */
  readonly caching: boolean
}

/** Of window stores. */
interface Windows {
  readonly retentionMs: number
  /** How long a window is: for readers, who otherwise know starts only. */
  readonly windowSizeMs: number
  /** Keeps all values of a key and start (joins), numbered in the order they came. */
  readonly retainDuplicates: boolean
}

export interface KeyValueDefinition extends StoreBase {
  readonly kind: 'keyValue'
}
export interface TimestampedKeyValueDefinition extends StoreBase {
  readonly kind: 'timestampedKeyValue'
}
export interface WindowDefinition extends StoreBase, Windows {
  readonly kind: 'window'
}
export interface TimestampedWindowDefinition extends StoreBase, Windows {
  readonly kind: 'timestampedWindow'
}
export interface SessionDefinition extends StoreBase {
  readonly kind: 'session'
  readonly retentionMs: number
}
export interface VersionedDefinition extends StoreBase {
  readonly kind: 'versioned'
  readonly historyRetentionMs: number
}
/** `suppress`. Caching does not apply: the changelog is written per commit, one record per key. */
export interface SuppressionDefinition extends StoreBase {
  readonly kind: 'suppression'
  /** Whether sizes must be kept, for a bound on bytes. */
  readonly tracksBytes: boolean
}
/** Stream-table join with grace. */
export interface RecordBufferDefinition extends StoreBase {
  readonly kind: 'recordBuffer'
  readonly graceMs: number
}
/** The shared store of left and outer stream-stream joins. `value` is the left side's. */
export interface OuterJoinDefinition extends StoreBase {
  readonly kind: 'outerJoin'
  readonly rightValue: Side
}

export type StoreDefinition =
  | KeyValueDefinition
  | TimestampedKeyValueDefinition
  | WindowDefinition
  | TimestampedWindowDefinition
  | SessionDefinition
  | VersionedDefinition
  | SuppressionDefinition
  | RecordBufferDefinition
  | OuterJoinDefinition

export type StoreKind = StoreDefinition['kind']

const BUFFERS: ReadonlySet<StoreKind> = new Set(['suppression', 'recordBuffer', 'outerJoin'])

/** Buffers are held in memory with either engine: no file has them, nor a position in their changelogs. */
export function isBuffer(kind: StoreKind): boolean {
  return BUFFERS.has(kind)
}

/** Whether its rows are in the file of its task. */
export function isInFile(definition: Pick<StoreDefinition, 'engine' | 'kind'>): boolean {
  return engineOf(definition) === 'lmdb' && !isBuffer(definition.kind)
}

/**
 * Tables grow with their keys, and are on disk unless said otherwise. Windows and versions are walked all the time and forget by
 * themselves: they are in memory.
 */
export function engineOf({ engine, kind }: Pick<StoreDefinition, 'engine' | 'kind'>): StoreEngine {
  return engine ?? (kind === 'keyValue' || kind === 'timestampedKeyValue' ? 'lmdb' : 'memory')
}
