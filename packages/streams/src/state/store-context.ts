/** What a store needs of the task it belongs to, and what it tells it. */

import type { RawHeader } from '@sluice/sdk'
import type { StoreDefinition } from './definition.ts'
import type { StateStore } from './stores.ts'

/** Of the record under way: `RecordContext` is one. Read at each update, never kept. */
export interface CurrentRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null
}

/**
 * Where a store's updates go, in Kafka Streams' order and bytes. Called while a record is processed, or at the commit for stores that
 * collapse updates: before the offsets of that commit, never after.
 */
export interface Changelog {
  /** `timestamp` null: the record carries none of its own (buffers). `value` null: a tombstone. */
  append(
    store: string,
    key: Uint8Array,
    value: Uint8Array | null,
    timestamp: number | null,
    headers: readonly RawHeader[],
  ): void
}

export interface StoreContext {
  readonly record: CurrentRecord
  /** The topic that serdes are told, and that the changelog is written to; without logging, the name it would have. */
  changelogTopic(store: string): string
  readonly changelog: Changelog
  /** An update came too late for its store and was refused: counted in `dropped-records`. */
  onExpired(store: string): void
}

/** Makes the stores of one task. The runtime's is made per engine and directory; the test driver's keeps all in memory. */
export type StoreFactory = (definition: StoreDefinition, context: StoreContext) => StateStore
