/** What a store needs of the task it belongs to, and what it tells it. */

import type { RawHeader } from '@sluice/sdk'
import type { StoreDefinition } from './definition.ts'
import type { StateStore } from './stores.ts'
import type { UndoJournal } from './undo-journal.ts'

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

/** Where nothing is told. */
export const NO_CHANGELOG: Changelog = { append: () => undefined }

export interface StoreContext {
  readonly record: CurrentRecord
  /** The topic that serdes are told, and that the changelog is written to; without logging, the name it would have. */
  changelogTopic(store: string): string
  readonly changelog: Changelog
  /** Told of every change, if a record that fails is to leave none. */
  readonly journal?: UndoJournal | null
  /** An update came too late for its store and was refused: counted in `dropped-records`. */
  onExpired(store: string): void
  /** A store holds as much back from its changelog as it may: it is flushed when the record under way is through. */
  onFull(store: string): void
}

/** A record of a store's changelog, read back. */
export interface ChangelogRecord {
  readonly key: Uint8Array
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null
  readonly offset: number
}

/** A row of a store, as its changelog has it. */
export interface StoreRow {
  readonly key: Uint8Array
  /** Null: that the key is gone is part of the state, as in versions. */
  readonly value: Uint8Array | null
  readonly timestamp: number
}

/** All of a store as it was at one moment, whatever has become of it since. */
export interface StoreImage {
  /** To be given to `restore`, in this order. May be walked once. */
  readonly rows: Iterable<StoreRow>
  /** What rows do not say, such as the store's time: for `resume`. */
  readonly counters: Readonly<Record<string, number>>
}

/** Of rows whose time nobody keeps. */
export const NO_TIME = 0
export const NO_BYTES: Uint8Array = new Uint8Array(0)

/** Which records of a changelog are part of the state that is restored, such as those of inputs that were committed. */
export type RestoreFilter = (record: ChangelogRecord) => boolean

/** A store as the owner of the task has it. */
export interface TaskStore extends StateStore {
  /** Gives to the changelog what it does not have yet: at each commit, before its records are waited for. */
  flush(): void
  /** Applies records of the changelog, oldest first, without logging them. @throws SluiceError DATA_INVALID for what is none of its */
  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void
  /** What a snapshot is made of. */
  image(): StoreImage
  /** After the rows of an image were restored: what it says beside them. */
  resume(counters: Readonly<Record<string, number>>): void
}

/** Makes the stores of one task. The runtime's is made per engine and directory; the test driver's keeps all in memory. */
export type StoreFactory = (definition: StoreDefinition, context: StoreContext) => TaskStore
