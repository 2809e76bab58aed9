/** Key-value stores, plain and timestamped. */

import type { KeyValueDefinition, TimestampedKeyValueDefinition } from './definition.ts'
import { behindPrefix, justBehind, orderOf, type KeyIdentity } from './key-identity.ts'
import { identityOf } from './identity-of.ts'
import {
  NO_BYTES,
  NO_TIME,
  type ChangelogRecord,
  type RestoreFilter,
  type StoreContext,
  type StoreImage,
  type StoreRow,
  type TaskStore,
} from './store-context.ts'
import type {
  KeyValue,
  KeyValueStore,
  ReadOnlyKeyValueStore,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
} from './stores.ts'
import type { KeyTable, TableEngine } from './tables.ts'
import type { Undoable, UndoJournal } from './undo-journal.ts'
import { checkKey, checkTime } from './row-check.ts'
import { updateLog, type UpdateLog } from './update-log.ts'
import { plainFormat, timestampedFormat, type ValueFormat } from './value-format.ts'

/** What both have in common; `V` is what is handed out. */
abstract class KeyValueRows<K, V> implements ReadOnlyKeyValueStore<K, V>, TaskStore {
  readonly name: string
  readonly #keys: KeyIdentity<K>
  readonly #table: KeyTable<K, V>
  readonly #log: UpdateLog<K, V>
  readonly #journal: UndoJournal | null
  readonly #undoable: Undoable<K, V | null> = { undo: (key, before) => this.#write(key, before) }
  readonly #values: ValueFormat<V>

  constructor(
    definition: KeyValueDefinition | TimestampedKeyValueDefinition,
    context: StoreContext,
    engine: TableEngine,
    values: ValueFormat<V>,
  ) {
    this.name = definition.name
    this.#values = values
    const keys = (this.#keys = identityOf<K>(definition, context))
    this.#journal = context.journal ?? null
    this.#table = engine.keyTable({ store: definition.name, keys, values })
    this.#log = updateLog<K, V>(definition, context, {
      keys,
      values,
    })
  }

  get(key: K): V | null {
    return this.#table.get(key)
  }

  range(from: K | null, to: K | null): Iterable<KeyValue<K, V>> {
    return this.#between(from, to, false)
  }

  reverseRange(from: K | null, to: K | null): Iterable<KeyValue<K, V>> {
    return this.#between(from, to, true)
  }

  all(): Iterable<KeyValue<K, V>> {
    return this.#table.range(null, null, false)
  }

  reverseAll(): Iterable<KeyValue<K, V>> {
    return this.#table.range(null, null, true)
  }

  prefixScan(prefix: Uint8Array): Iterable<KeyValue<K, V>> {
    const from = orderOf(prefix)
    return this.#table.range(from, behindPrefix(from), false)
  }

  approximateNumEntries(): number {
    return this.#table.size()
  }

  flush(): void {
    this.#log.flush()
  }

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records)
      if (accepts === undefined || accepts(record)) this.#table.restore(record.key, record.value, record.timestamp)
  }

  image(): StoreImage {
    const walked = this.#table.walk?.()
    if (walked !== undefined) return { rows: this.#rowsOf(walked), counters: {} }
    const keys: K[] = []
    const values: V[] = []
    this.#table.each((key, value) => {
      keys.push(key)
      values.push(value)
    })
    return { rows: this.#rowsOf(paired(keys, values)), counters: {} }
  }

  resume(): void {}

  close(): void {}

  /** @throws DataError for no key */
  protected write(key: K, value: V | null): void {
    checkKey(this.name, key)
    this.#journal?.note(this.#undoable, key, this.#table.get(key))
    this.#write(key, value)
  }

  /** Removes and returns what was there. */
  protected removed(key: K): V | null {
    const value = this.#table.get(key)
    this.write(key, null)
    return value
  }

  *#rowsOf(entries: Iterable<KeyValue<K, V>>): Generator<StoreRow, void> {
    for (const { key, value } of entries) {
      const bytes = this.#values.write(value) ?? NO_BYTES
      yield { key: this.#keys.bytes(key), value: bytes, timestamp: this.#values.timestampOf(value) ?? NO_TIME }
    }
  }

  #write(key: K, value: V | null): void {
    if (value === null) this.#table.remove(key)
    else this.#table.put(key, value)
    this.#log.append(key, 0, 0, value)
  }

  #between(from: K | null, to: K | null, isReverse: boolean): Iterable<KeyValue<K, V>> {
    const begin = from === null ? null : this.#keys.order(from)
    const end = to === null ? null : justBehind(this.#keys.order(to))
    return this.#table.range(begin, end, isReverse)
  }
}

export class PlainKeyValueStore<K, V> extends KeyValueRows<K, V> implements KeyValueStore<K, V> {
  constructor(definition: KeyValueDefinition, context: StoreContext, engine: TableEngine) {
    super(definition, context, engine, plainFormat(definition.value, context.changelogTopic(definition.name)))
  }

  put(key: K, value: V | null): void {
    this.write(key, value ?? null)
  }

  putIfAbsent(key: K, value: V): V | null {
    const present = this.get(key)
    if (present === null) this.write(key, value ?? null)
    return present
  }

  putAll(entries: Iterable<readonly [K, V | null]>): void {
    for (const [key, value] of entries) this.write(key, value ?? null)
  }

  delete(key: K): V | null {
    return this.removed(key)
  }
}

export class TimestampedRows<K, V>
  extends KeyValueRows<K, ValueAndTimestamp<V>>
  implements TimestampedKeyValueStore<K, V>
{
  constructor(definition: TimestampedKeyValueDefinition, context: StoreContext, engine: TableEngine) {
    super(definition, context, engine, timestampedFormat(definition.value, context.changelogTopic(definition.name)))
  }

  put(key: K, value: V | null, timestamp: number): void {
    this.write(key, this.#row(value, timestamp))
  }

  putIfAbsent(key: K, value: V, timestamp: number): ValueAndTimestamp<V> | null {
    const present = this.get(key)
    if (present === null) this.write(key, this.#row(value, timestamp))
    return present
  }

  delete(key: K): ValueAndTimestamp<V> | null {
    return this.removed(key)
  }

  #row(value: V | null, timestamp: number): ValueAndTimestamp<V> | null {
    checkTime(this.name, timestamp)
    return value === null || value === undefined ? null : { value, timestamp }
  }
}

function* paired<K, V>(keys: readonly K[], values: readonly V[]): Generator<KeyValue<K, V>, void> {
  for (let i = 0; i < keys.length; i++) yield { key: keys[i]!, value: values[i]! }
}
