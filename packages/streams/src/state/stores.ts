/**
 * The state stores, in Kafka Streams' words. Every call is synchronous, `null` stands for absent, ranges include both ends, and order
 * is that of the keys' bytes as written to the changelog, unsigned. What a store hands out is shared with it: read it, never change it.
 *
 * A store belongs to one task. It reads the time and the headers of the record under way from the task's context by itself, because a
 * changelog record carries them.
 */

import type { RawHeader } from '@sluice/sdk'

/** What the owner of a task may do with any store; operators use the interfaces below. */
export interface StateStore {
  readonly name: string
  close(): void
}

/** A value, and when it came about, in milliseconds since the epoch. */
export interface ValueAndTimestamp<V> {
  readonly value: V
  readonly timestamp: number
}

export interface KeyValue<K, V> {
  readonly key: K
  readonly value: V
}

/** Latest value per key. */
export interface ReadOnlyKeyValueStore<K, V> extends StateStore {
  get(key: K): V | null
  /** Both ends included; null: open. */
  range(from: K | null, to: K | null): Iterable<KeyValue<K, V>>
  reverseRange(from: K | null, to: K | null): Iterable<KeyValue<K, V>>
  all(): Iterable<KeyValue<K, V>>
  reverseAll(): Iterable<KeyValue<K, V>>
  /** All whose key's bytes begin with these. */
  prefixScan(prefix: Uint8Array): Iterable<KeyValue<K, V>>
  approximateNumEntries(): number
}

/** The changelog record of an update carries the time of the record under way. */
export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** Null deletes. */
  put(key: K, value: V | null): void
  /** Writes only where nothing is; returns what was there. */
  putIfAbsent(key: K, value: V): V | null
  putAll(entries: Iterable<readonly [K, V | null]>): void
  /** Returns what was there. */
  delete(key: K): V | null
}

/** What the DSL keeps its tables in. The changelog record of a value carries the value's own time, that of a delete the record's. */
export interface TimestampedKeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, ValueAndTimestamp<V>> {
  /** Null deletes. */
  put(key: K, value: V | null, timestamp: number): void
  putIfAbsent(key: K, value: V, timestamp: number): ValueAndTimestamp<V> | null
  /** Returns what was there. */
  delete(key: K): ValueAndTimestamp<V> | null
}

/** A value of a window of a key. */
export interface WindowEntry<K, V> {
  readonly key: K
  /** When the window starts, in milliseconds since the epoch. */
  readonly start: number
  readonly value: V
}

/**
 * Values per key and window start. Windows are forgotten exactly: the store's own time is the latest window start put into it, and
 * what starts at or before that time less the retention is neither taken nor returned.
 */
export interface ReadOnlyWindowStore<K, V> extends StateStore {
  /** The value of the window that starts then; of a store that keeps duplicates, the first. */
  fetch(key: K, start: number): V | null
  /** The windows of a key that start between the two times, both included, in order of start, duplicates in the order they came. */
  fetchRange(key: K, from: number, to: number): Iterable<WindowEntry<K, V>>
  backwardFetchRange(key: K, from: number, to: number): Iterable<WindowEntry<K, V>>
  /** Ordered by key, then start; keys as in `range`. */
  fetchKeys(keyFrom: K | null, keyTo: K | null, from: number, to: number): Iterable<WindowEntry<K, V>>
  backwardFetchKeys(keyFrom: K | null, keyTo: K | null, from: number, to: number): Iterable<WindowEntry<K, V>>
  /** The windows of all keys that start between the two times, ordered by start, then key: what emitting on close walks. */
  fetchAll(from: number, to: number): Iterable<WindowEntry<K, V>>
  backwardFetchAll(from: number, to: number): Iterable<WindowEntry<K, V>>
  /** Everything, ordered by start, then key. */
  all(): Iterable<WindowEntry<K, V>>
}

/** The join's store: its changelog records carry the time of the record under way. */
export interface WindowStore<K, V> extends ReadOnlyWindowStore<K, V> {
  /** Null deletes; of a store that keeps duplicates, null is ignored. What is too old is refused and reported as dropped. */
  put(key: K, value: V | null, start: number): void
}

/** The same, as joins use it. */
export interface JoinWindowStore<K, V> extends WindowStore<K, V> {
  fetchRange(key: K, from: number, to: number): readonly WindowEntry<K, V>[]
  /** As `put`, of a value whose bytes are known; null: they are not. */
  keep(key: K, value: V, start: number, bytes: Uint8Array | null): void
}

/** What windowed aggregations keep: the changelog record of a value carries the value's own time. */
export interface TimestampedWindowStore<K, V> extends ReadOnlyWindowStore<K, ValueAndTimestamp<V>> {
  /** Null deletes. What is too old is refused and reported as dropped. */
  put(key: K, value: V | null, timestamp: number, start: number): void
}

/** A session of a key: both ends included. */
export interface SessionEntry<K, V> {
  readonly key: K
  readonly start: number
  readonly end: number
  readonly value: V
}

/** Aggregates per key and session. The store's time is the latest session end put into it; retention as in window stores, by end. */
export interface SessionStore<K, V> extends StateStore {
  /** Null removes. What is too old is refused and reported as dropped. */
  put(key: K, start: number, end: number, aggregate: V | null): void
  remove(key: K, start: number, end: number): void
  fetchSession(key: K, start: number, end: number): V | null
  /** Those of the key that end at or after `earliestEnd` and start at or before `latestStart`, in order of end, then start. */
  findSessions(key: K, earliestEnd: number, latestStart: number): Iterable<SessionEntry<K, V>>
  backwardFindSessions(key: K, earliestEnd: number, latestStart: number): Iterable<SessionEntry<K, V>>
  /** The same over keys, ordered by key, then end, then start. */
  findSessionsOfKeys(
    keyFrom: K | null,
    keyTo: K | null,
    earliestEnd: number,
    latestStart: number,
  ): Iterable<SessionEntry<K, V>>
  /** Those of all keys that end between the two times, both included, ordered by end, then key, then start: what emitting on close walks. */
  findSessionsByEnd(from: number, to: number): Iterable<SessionEntry<K, V>>
  /** All of a key. */
  fetch(key: K): Iterable<SessionEntry<K, V>>
  all(): Iterable<SessionEntry<K, V>>
}

/** A value, from when it held, and until when it did (not included). */
export interface VersionedRecord<V> {
  readonly value: V
  readonly timestamp: number
  /** Null: it still holds. */
  readonly validTo: number | null
}

/** What a versioned store answers for a put that was too old to be taken. */
export const PUT_REFUSED = Number.MIN_SAFE_INTEGER

/** Values per key over time (KIP-889). Its changelog records carry the version's time; what is older than the history retention is refused. */
export interface VersionedKeyValueStore<K, V> extends StateStore {
  /**
   * Null is a delete from then on. Returns until when the version holds, null if it is the latest, and PUT_REFUSED for what is too
   * old (also reported as dropped).
   */
  put(key: K, value: V | null, timestamp: number): number | null
  /** The latest. */
  get(key: K): VersionedRecord<V> | null
  /** That which held then; null before the history retention. */
  getAsOf(key: K, asOf: number): VersionedRecord<V> | null
  /** Those that held at some time between the two, both included, latest first. */
  getRange(key: K, from: number, to: number): Iterable<VersionedRecord<V>>
  /** Returns what held then, as `getAsOf` would have, and puts a null. */
  delete(key: K, timestamp: number): VersionedRecord<V> | null
}

/** What a buffered record came with: restored into the task's context when it is let go. */
export interface BufferedContext {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null
}

/** An update of a table that waits. */
export interface BufferedChange<K, V> {
  readonly key: K
  /** The buffer time it is ordered by: the record's, or the end of its window. */
  readonly time: number
  readonly newValue: V | null
  readonly oldValue: V | null
  /** What the table downstream holds: the old value of the first change that waited. */
  readonly priorValue: V | null
  readonly context: BufferedContext
}

/** `suppress`: the latest change per key, ordered by the time of the first. */
export interface SuppressionBuffer<K, V> extends StateStore {
  /** A change of a key that waits already replaces it at its place; the context is that of the record under way. */
  put(time: number, key: K, newValue: V | null, oldValue: V | null): void
  /** What the table downstream of the buffer holds for a key that waits; undefined for one that does not wait. */
  priorValue(key: K): ValueAndTimestamp<V> | null | undefined
  /** Lets go of the earliest as long as `isDue` says so. */
  evictWhile(isDue: () => boolean, onEvicted: (change: BufferedChange<K, V>) => void): void
  readonly numRecords: number
  /** Bytes of the serialised records. Only kept where the definition has a bound on bytes; otherwise 0. */
  readonly sizeBytes: number
  /** Infinity when empty. */
  readonly minTime: number
}

/** A stream record that waits for its table. */
export interface BufferedRecord<K, V> {
  readonly key: K
  readonly time: number
  readonly value: V
  readonly context: BufferedContext
}

/** Stream-table join with grace: records in order of time, then key, then arrival. */
export interface RecordBuffer<K, V> extends StateStore {
  /** False: older than the buffer's time less its grace, and not taken. The buffer's time is the latest put into it. */
  put(time: number, key: K, value: V): boolean
  /** Lets go of all that is at or before the buffer's time less its grace. */
  evict(onEvicted: (record: BufferedRecord<K, V>) => void): void
  readonly numRecords: number
  /** Infinity when empty. */
  readonly minTime: number
}

export type JoinSide = 'left' | 'right'

/** Stream records that found no partner yet. */
export interface UnmatchedEntry<K, L, R> {
  readonly timestamp: number
  readonly side: JoinSide
  readonly key: K
  /** `L` of the left side, `R` of the right. */
  readonly value: L | R
}

/** The store that both sides of a left or outer join share: ordered by time, side (right first), key, arrival. */
export interface OuterJoinStore<K, L, R> extends StateStore {
  put(timestamp: number, side: JoinSide, key: K, value: L | R): void
  /** Removes all of this time, side and key; does nothing, and logs nothing, where there is none. */
  removeAll(timestamp: number, side: JoinSide, key: K): void
  has(timestamp: number, side: JoinSide, key: K): boolean
  /** In order, while being changed at most by `removeAll` of what was handed out. */
  all(): Iterable<UnmatchedEntry<K, L, R>>
  /** Infinity when empty. */
  readonly minTime: number
}
