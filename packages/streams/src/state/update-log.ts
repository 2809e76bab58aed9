/**
 * What a store tells its changelog: each update as it happens, or, of a store that collapses updates, the last one of each key at the
 * commit, in the order in which the keys were first updated.
 */

import type { KeyIdentity } from './key-identity.ts'
import { PackedKey } from './memory/packed-key.ts'
import { PackedRows } from './memory/packed-rows.ts'
import { ValueColumn } from './memory/value-column.ts'
import type { StoreDefinition } from './definition.ts'
import type { StoreContext } from './store-context.ts'
import type { ValueFormat } from './value-format.ts'

/** Bytes behind a key, written into the room that was left for them. */
export interface KeyEnd {
  readonly bytes: number
  write(key: Buffer, time: number, number: number): void
}

/** How an update becomes a record. `time` and `number` are 0 where a store has none. */
export interface UpdateFormat<K, V> {
  readonly keys: KeyIdentity<K>
  /** What the record's key has behind the entry's; absent: nothing. */
  readonly end?: KeyEnd
  readonly values: Pick<ValueFormat<V>, 'write' | 'timestampOf' | 'halves'>
}

export interface UpdateLog<K, V> {
  /** `value` null: removed. `bytes`: what the format makes of the value, where it is known already. */
  append(key: K, time: number, number: number, value: V | null, bytes?: Uint8Array | null): void
  flush(): void
}

export function updateLog<K, V>(
  definition: Pick<StoreDefinition, 'name' | 'logging' | 'caching'>,
  context: StoreContext,
  format: UpdateFormat<K, V>,
): UpdateLog<K, V> {
  if (definition.logging === null || context.changelog === null) return NO_LOG
  const log = new ImmediateLog(definition.name, context, format)
  return definition.caching ? new CollapsingLog(log, context, format) : log
}

const NO_LOG: UpdateLog<unknown, unknown> = { append: () => {}, flush: () => {} }
const NO_HEADERS = Object.freeze([])
const NO_END: KeyEnd = { bytes: 0, write: () => {} }

class ImmediateLog<K, V> implements UpdateLog<K, V> {
  readonly store: string
  readonly #context: StoreContext
  readonly #format: UpdateFormat<K, V>

  constructor(store: string, context: StoreContext, format: UpdateFormat<K, V>) {
    this.store = store
    this.#context = context
    this.#format = format
  }

  append(key: K, time: number, number: number, value: V | null, bytes: Uint8Array | null = null): void {
    const { keys, end = NO_END } = this.#format
    const written = keys.bytesWithRoom(key, end.bytes)
    end.write(written, time, number)
    this.write(written, value, bytes, this.#context.record.timestamp)
  }

  write(key: Uint8Array, value: V | null, bytes: Uint8Array | null, recordTime: number): void {
    const { changelog } = this.#context
    const { values } = this.#format
    if (value === null) changelog?.append(this.store, key, null, recordTime, NO_HEADERS)
    else {
      const timestamp = values.timestampOf(value) ?? recordTime
      changelog?.append(this.store, key, bytes ?? values.write(value), timestamp, NO_HEADERS)
    }
  }

  flush(): void {}
}

/** So many wait for the commit, and hardly more: a commit may be far away. */
const UPDATES_MOST = 20_000

class CollapsingLog<K, V> implements UpdateLog<K, V> {
  readonly #log: ImmediateLog<K, V>
  readonly #context: StoreContext
  readonly #key: PackedKey<K>
  readonly #end: KeyEnd
  /** A row for each entry that was updated; its slot is its place in the lists, which are in order of the first update. */
  readonly #rows = new PackedRows()
  readonly #updated: number[] = []
  readonly #values: ValueColumn<V>
  readonly #recordTimes: number[] = []
  /** So many of the lists are of this commit: their places are used again, because growing lists is work for the garbage collector. */
  #count = 0

  constructor(log: ImmediateLog<K, V>, context: StoreContext, format: UpdateFormat<K, V>) {
    const { keys, end = NO_END, values } = format
    this.#log = log
    this.#values = new ValueColumn(values.halves ?? null)
    this.#context = context
    this.#key = new PackedKey(keys)
    this.#end = end
  }

  append(key: K, time: number, number: number, value: V | null): void {
    const rows = this.#rows
    const { timestamp } = this.#context.record
    const found = rows.findOrAdd(this.#key.set(key), time, number)
    const slot = found > 0 ? rows.slot(found) : this.#count
    this.#values.set(slot, value)
    this.#recordTimes[slot] = timestamp
    if (found > 0) return
    rows.setSlot(-found, slot)
    this.#updated[slot] = -found
    if (++this.#count === UPDATES_MOST) this.#context.onFull(this.#log.store)
  }

  flush(): void {
    const count = this.#count
    if (count === 0) return
    const rows = this.#rows
    const end = this.#end
    for (let i = 0; i < count; i++) {
      const row = this.#updated[i]!
      const key = rows.keyBytesOf(row, this.#key, end.bytes)
      end.write(key, rows.time(row), rows.number(row))
      this.#log.write(key, this.#values.get(i), null, this.#recordTimes[i]!)
    }
    rows.clear()
    this.#values.clear()
    this.#count = 0
    // What one record has changed, if it is very much, is not kept for ever.
    if (count > 2 * UPDATES_MOST) this.#updated.length = this.#recordTimes.length = 0
  }
}
