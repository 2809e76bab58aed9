/** Window stores, plain (with or without duplicates) and timestamped. */

import type { TimestampedWindowDefinition, WindowDefinition } from './definition.ts'
import { readWindowStoreKey, WINDOW_STORE_END, windowStoreKey } from './formats/windowed-keys.ts'
import { identityOf } from './identity-of.ts'
import { justBehind, type KeyIdentity } from './key-identity.ts'
import { Retention } from './retention.ts'
import { checkKey, checkTime } from './row-check.ts'
import {
  NO_BYTES,
  type ChangelogRecord,
  type RestoreFilter,
  type StoreContext,
  type StoreImage,
  type StoreRow,
  type TaskStore,
} from './store-context.ts'
import type {
  ReadOnlyWindowStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  WindowEntry,
  JoinWindowStore,
} from './stores.ts'
import type { Counter, TableEngine, TimeTable, TimedEntry } from './tables.ts'
import { updateLog, type UpdateLog } from './update-log.ts'
import { plainFormat, timestampedFormat, type ValueFormat } from './value-format.ts'

/** What both have in common; `V` is what is handed out. */
abstract class Windows<K, V> implements ReadOnlyWindowStore<K, V>, TaskStore {
  readonly name: string
  readonly #keys: KeyIdentity<K>
  readonly #table: TimeTable<K, V, WindowEntry<K, V>>
  readonly #log: UpdateLog<K, V>
  readonly #context: StoreContext
  readonly #retention: Retention
  readonly #values: ValueFormat<V>
  readonly #retainDuplicates: boolean
  /** Of the latest duplicate. */
  readonly #sequence: Counter

  constructor(
    definition: WindowDefinition | TimestampedWindowDefinition,
    context: StoreContext,
    engine: TableEngine,
    values: ValueFormat<V>,
  ) {
    const { name, retentionMs, retainDuplicates } = definition
    this.name = name
    this.#values = values
    this.#context = context
    this.#retainDuplicates = retainDuplicates
    this.#sequence = engine.counter(name, 'sequence', 0)
    const keys = (this.#keys = identityOf<K>(definition, context))
    const table = (this.#table = engine.timeTable<K, V, WindowEntry<K, V>>({
      store: name,
      keys,
      values,
      retentionMs,
      isAppendOnly: retainDuplicates,
      entry: (key, start, _sequence, value) => ({ key, start, value }),
    }))
    this.#retention = new Retention(retentionMs, engine.counter(name, 'time', -Infinity), (before) =>
      table.expire(before),
    )
    this.#log = updateLog<K, V>({ ...definition, caching: definition.caching && !retainDuplicates }, context, {
      keys,
      end: WINDOW_STORE_END,
      values,
    })
  }

  fetch(key: K, start: number): V | null {
    if (start < this.#retention.oldest) return null
    if (!this.#retainDuplicates) return this.#table.get(key, start, 0)
    return this.#table.ofKey(key, start, start, false)[0]?.value ?? null
  }

  fetchRange(key: K, from: number, to: number): readonly WindowEntry<K, V>[] {
    return this.#table.ofKey(key, this.#kept(from), to, false)
  }

  backwardFetchRange(key: K, from: number, to: number): Iterable<WindowEntry<K, V>> {
    return this.#table.ofKey(key, this.#kept(from), to, true)
  }

  fetchKeys(keyFrom: K | null, keyTo: K | null, from: number, to: number): Iterable<WindowEntry<K, V>> {
    return this.#ofKeys(keyFrom, keyTo, from, to, false)
  }

  backwardFetchKeys(keyFrom: K | null, keyTo: K | null, from: number, to: number): Iterable<WindowEntry<K, V>> {
    return this.#ofKeys(keyFrom, keyTo, from, to, true)
  }

  fetchAll(from: number, to: number): Iterable<WindowEntry<K, V>> {
    return this.#table.byTime(this.#kept(from), to, false)
  }

  backwardFetchAll(from: number, to: number): Iterable<WindowEntry<K, V>> {
    return this.#table.byTime(this.#kept(from), to, true)
  }

  all(): Iterable<WindowEntry<K, V>> {
    return this.#table.byTime(this.#kept(-Infinity), Infinity, false)
  }

  flush(): void {
    this.#log.flush()
  }

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records) {
      if (accepts !== undefined && !accepts(record)) continue
      const { key, start, sequence } = readWindowStoreKey(record.key)
      if (!this.#retention.takes(start)) continue
      this.#sequence.value = Math.max(this.#sequence.value, sequence)
      this.#table.restore(key, start, sequence, record.value, record.timestamp)
    }
  }

  image(): StoreImage {
    const counters = { time: this.#retention.time, sequence: this.#sequence.value }
    return { rows: this.#rowsOf(this.#table.frozen(), this.#retention.oldest), counters }
  }

  resume(counters: Readonly<Record<string, number>>): void {
    const { time, sequence } = counters
    if (time !== undefined) this.#retention.takes(time)
    if (sequence !== undefined) this.#sequence.value = Math.max(this.#sequence.value, sequence)
  }

  close(): void {}

  /** `known`: the bytes of the value; null: they have to be written. @throws DataError for no key, and for no time */
  protected write(key: K, start: number, value: V | null, known: Uint8Array | null): void {
    checkKey(this.name, key)
    checkTime(this.name, start)
    if (value === null && this.#retainDuplicates) return
    if (!this.#retention.takes(start)) {
      this.#context.onExpired(this.name)
      return
    }
    // As Kafka Streams counts: from 1, and without the sign.
    const sequence = this.#retainDuplicates ? (this.#sequence.value = (this.#sequence.value + 1) & 0x7fff_ffff) : 0
    this.#context.journal?.add(this.#undoOf(key, start, sequence))
    if (value === null) {
      this.#table.remove(key, start, sequence)
      this.#log.append(key, start, sequence, null)
      return
    }
    // Of duplicates each one is logged, and may be kept, in bytes.
    const bytes = this.#retainDuplicates ? (known ?? this.#values.write(value)) : null
    this.#table.put(key, start, sequence, value, bytes)
    this.#log.append(key, start, sequence, value, bytes)
  }

  #undoOf(key: K, start: number, sequence: number): () => void {
    const before = this.#table.get(key, start, sequence)
    return () => {
      if (before === null) this.#table.remove(key, start, sequence)
      else this.#table.put(key, start, sequence, before, null)
      this.#log.append(key, start, sequence, before, null)
    }
  }

  #ofKeys(
    keyFrom: K | null,
    keyTo: K | null,
    from: number,
    to: number,
    isReverse: boolean,
  ): Iterable<WindowEntry<K, V>> {
    const begin = keyFrom === null ? null : this.#keys.order(keyFrom)
    const end = keyTo === null ? null : justBehind(this.#keys.order(keyTo))
    return this.#table.ofKeys(begin, end, this.#kept(from), to, isReverse)
  }

  *#rowsOf(entries: Iterable<TimedEntry<K, V>>, oldest: number): Generator<StoreRow, void> {
    for (const { key, time, number, value } of entries) {
      if (time < oldest) continue
      const bytes = this.#values.write(value) ?? NO_BYTES
      yield {
        key: windowStoreKey(this.#keys.bytes(key), time, number),
        value: bytes,
        timestamp: this.#values.timestampOf(value) ?? time,
      }
    }
  }

  #kept(from: number): number {
    return Math.max(from, this.#retention.oldest)
  }
}

export class PlainWindowStore<K, V> extends Windows<K, V> implements JoinWindowStore<K, V> {
  constructor(definition: WindowDefinition, context: StoreContext, engine: TableEngine) {
    super(definition, context, engine, plainFormat(definition.value, context.changelogTopic(definition.name)))
  }

  put(key: K, value: V | null, start: number): void {
    this.write(key, start, value ?? null, null)
  }

  keep(key: K, value: V, start: number, bytes: Uint8Array | null): void {
    this.write(key, start, value, bytes)
  }
}

export class TimestampedWindows<K, V> extends Windows<K, ValueAndTimestamp<V>> implements TimestampedWindowStore<K, V> {
  constructor(definition: TimestampedWindowDefinition, context: StoreContext, engine: TableEngine) {
    super(definition, context, engine, timestampedFormat(definition.value, context.changelogTopic(definition.name)))
  }

  put(key: K, value: V | null, timestamp: number, start: number): void {
    checkTime(this.name, timestamp)
    this.write(key, start, value === null || value === undefined ? null : { value, timestamp }, null)
  }
}
