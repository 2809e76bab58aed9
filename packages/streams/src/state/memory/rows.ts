import type { KeyId, KeyIdentity } from '../key-identity.ts'
import type { KeyValue } from '../stores.ts'
import type { KeyTable } from '../tables.ts'
import { SortedIndex } from './sorted-index.ts'

export interface Row<K, V> {
  readonly key: K
  /** Null: removed. */
  value: V | null
  /** Empty until the table is walked in order for the first time. */
  order: string
}

/** Entries in a Map as they are. Order is kept from the first walk on: most tables are never walked. */
export class MemoryRows<K, V> implements Omit<KeyTable<K, V>, 'restore'> {
  readonly #keys: KeyIdentity<K>
  readonly #rows = new Map<KeyId, Row<K, V>>()
  #index: SortedIndex<Row<K, V>> | null = null
  /** What was asked for last is what is asked for, or put, next, mostly. */
  #lastId: KeyId | null = null
  #last: Row<K, V> | undefined

  constructor(keys: KeyIdentity<K>) {
    this.#keys = keys
  }

  get(key: K): V | null {
    const id = this.#keys.id(key)
    if (id !== this.#lastId) {
      this.#last = this.#rows.get(id)
      this.#lastId = id
    }
    return this.#last?.value ?? null
  }

  put(key: K, value: V): void {
    const id = this.#keys.id(key)
    const row = id === this.#lastId ? this.#last : this.#rows.get(id)
    if (row === undefined) this.#add(id, key, value)
    else row.value = value
  }

  remove(key: K): void {
    const id = this.#keys.id(key)
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    this.#lastId = null
    this.#index?.delete(row.order)
    row.value = null
  }

  *range(from: string | null, before: string | null, isReverse: boolean): Generator<KeyValue<K, V>, void> {
    for (const { key, value } of this.ordered(from, before, isReverse)) if (value !== null) yield { key, value }
  }

  /** Rows with their keys' bytes; `value` null for what was removed while they are walked. */
  ordered(from: string | null, before: string | null, isReverse: boolean): Iterable<Readonly<Row<K, V>>> {
    const index = (this.#index ??= this.#indexed())
    return isReverse ? index.descending(from, before) : index.ascending(from, before)
  }

  each(visit: (key: K, value: V) => void): void {
    for (const { key, value } of this.#rows.values()) if (value !== null) visit(key, value)
  }

  size(): number {
    return this.#rows.size
  }

  /** All entries, in no order. */
  rows(): Iterable<Readonly<Row<K, V>>> {
    return this.#rows.values()
  }

  #add(id: KeyId, key: K, value: V): void {
    const row: Row<K, V> = { key, value, order: this.#index === null ? '' : this.#keys.order(key) }
    this.#rows.set(id, row)
    this.#index?.add(row)
    this.#lastId = null
  }

  #indexed(): SortedIndex<Row<K, V>> {
    for (const row of this.#rows.values()) row.order = this.#keys.order(row.key)
    return new SortedIndex(this.#rows.values())
  }
}
