/**
 * What stores are written on: entries in the order of their keys' bytes. An engine is a way to keep these two kinds of tables; all else
 * of a store (its time, its retention, its changelog) is the same for every engine.
 *
 * Bounds of keys are their bytes as texts of one character per byte (`KeyIdentity.order`): `from` included, `before` not, null open.
 */

import type { KeyIdentity } from './key-identity.ts'
import type { KeyValue } from './stores.ts'
import type { ValueFormat } from './value-format.ts'

export interface KeyTable<K, V> {
  get(key: K): V | null
  put(key: K, value: V): void
  remove(key: K): void
  /** May be used while the table changes: what is put or removed in the meantime may or may not be seen. */
  range(from: string | null, before: string | null, isReverse: boolean): Iterable<KeyValue<K, V>>
  /** All entries as they are now, in no order. */
  each(visit: (key: K, value: V) => void): void
  /** The same, one after the other, of an engine that need not hold them all: nothing may be changed meanwhile. */
  walk?(): Iterable<KeyValue<K, V>>
  /** About how many there are. */
  size(): number
  /** A record of the changelog; `value` null removes. */
  restore(key: Uint8Array, value: Uint8Array | null, timestamp: number): void
}

export interface TimedEntry<K, V> {
  readonly key: K
  readonly time: number
  readonly number: number
  readonly value: V
}

/** Entries by key, time and a number that tells apart what is of one key and time (a session's start, a duplicate's sequence). */
export interface TimeTable<K, V, E> {
  get(key: K, time: number, number: number): V | null
  /** `bytes`: what `ValueFormat.write` makes of the value, where it is known already. */
  put(key: K, time: number, number: number, value: V, bytes?: Uint8Array | null): void
  remove(key: K, time: number, number: number): void
  /** Of one key, ordered by time, then number; both times included. A list of its own, so that the table may be changed meanwhile. */
  ofKey(key: K, from: number, to: number, isReverse: boolean): readonly E[]
  /** Ordered by key, time, number. */
  ofKeys(keyFrom: string | null, keyBefore: string | null, from: number, to: number, isReverse: boolean): Iterable<E>
  /** Ordered by time, key, number. */
  byTime(from: number, to: number, isReverse: boolean): Iterable<E>
  /** All entries as they are now, in no order, whatever becomes of them; of an engine that writes nothing may be changed meanwhile. */
  frozen(): Iterable<TimedEntry<K, V>>
  /** What is before this time is not asked for again: it may go. */
  expire(before: number): void
  restore(key: Uint8Array, time: number, number: number, value: Uint8Array | null, timestamp: number): void
}

export interface TableSpec<K, V> {
  readonly store: string
  readonly keys: KeyIdentity<K>
  readonly values: ValueFormat<V>
}

export interface TimeTableSpec<K, V, E> extends TableSpec<K, V> {
  /** What is handed out. */
  readonly entry: (key: K, time: number, number: number, value: V) => E
  readonly retentionMs: number
  /** Entries are not replaced and seldom read: an engine in memory keeps their values in bytes. */
  readonly isAppendOnly: boolean
}

/** A number that a store keeps beside its entries, such as its time: an engine that writes brings it back. */
export interface Counter {
  value: number
}

export interface TableEngine {
  counter(store: string, name: string, initial: number): Counter
  keyTable<K, V>(spec: TableSpec<K, V>): KeyTable<K, V>
  timeTable<K, V, E>(spec: TimeTableSpec<K, V, E>): TimeTable<K, V, E>
}
