/**
 * What a store tells its changelog: each update as it happens, or, of a store that collapses updates, the last one of each key at the
 * commit, in the order in which the keys were first updated.
 */

import type { KeyId } from './key-identity.ts'
import type { StoreDefinition } from './definition.ts'
import type { StoreContext } from './store-context.ts'
import type { ValueFormat } from './value-format.ts'

/** How an update becomes a record. `time` and `number` are 0 where a store has none. */
export interface UpdateFormat<K, V> {
  id(key: K): KeyId
  key(key: K, time: number, number: number): Uint8Array
  readonly values: Pick<ValueFormat<V>, 'write' | 'timestampOf'>
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

class ImmediateLog<K, V> implements UpdateLog<K, V> {
  readonly #store: string
  readonly #context: StoreContext
  readonly #format: UpdateFormat<K, V>

  constructor(store: string, context: StoreContext, format: UpdateFormat<K, V>) {
    this.#store = store
    this.#context = context
    this.#format = format
  }

  append(key: K, time: number, number: number, value: V | null, bytes: Uint8Array | null = null): void {
    this.write(key, time, number, value, bytes, this.#context.record.timestamp)
  }

  write(
    key: K,
    time: number,
    number: number,
    value: V | null,
    valueBytes: Uint8Array | null,
    recordTime: number,
  ): void {
    const { changelog } = this.#context
    const { values } = this.#format
    const bytes = this.#format.key(key, time, number)
    if (value === null) changelog?.append(this.#store, bytes, null, recordTime, NO_HEADERS)
    else {
      const timestamp = values.timestampOf(value) ?? recordTime
      changelog?.append(this.#store, bytes, valueBytes ?? values.write(value), timestamp, NO_HEADERS)
    }
  }

  flush(): void {}
}

interface Update<K, V> {
  readonly key: K
  readonly time: number
  readonly number: number
  value: V | null
  recordTime: number
  /** The one before it of the same key. */
  readonly before: Update<K, V> | undefined
}

/** So many wait for the commit at most: a commit may be far away. */
const UPDATES_MOST = 20_000

class CollapsingLog<K, V> implements UpdateLog<K, V> {
  readonly #log: ImmediateLog<K, V>
  readonly #context: StoreContext
  readonly #format: UpdateFormat<K, V>
  readonly #latest = new Map<KeyId, Update<K, V>>()
  #updates: Update<K, V>[] = []

  constructor(log: ImmediateLog<K, V>, context: StoreContext, format: UpdateFormat<K, V>) {
    this.#log = log
    this.#context = context
    this.#format = format
  }

  append(key: K, time: number, number: number, value: V | null): void {
    const id = this.#format.id(key)
    const recordTime = this.#context.record.timestamp
    const latest = this.#latest.get(id)
    // A key has few windows in one commit, and its latest are the likeliest.
    let update = latest
    while (update !== undefined && (update.time !== time || update.number !== number)) update = update.before
    if (update === undefined) {
      const added: Update<K, V> = { key, time, number, value, recordTime, before: latest }
      this.#latest.set(id, added)
      this.#updates.push(added)
      if (this.#updates.length >= UPDATES_MOST) this.flush()
    } else {
      update.value = value
      update.recordTime = recordTime
    }
  }

  flush(): void {
    if (this.#updates.length === 0) return
    const updates = this.#updates
    this.#updates = []
    this.#latest.clear()
    for (const { key, time, number, value, recordTime } of updates)
      this.#log.write(key, time, number, value, null, recordTime)
  }
}
