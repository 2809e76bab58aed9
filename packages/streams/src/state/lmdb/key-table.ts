import type { Database } from 'lmdb'
import { bytesOfOrder, orderOf, type KeyIdentity } from '../key-identity.ts'
import type { KeyValue } from '../stores.ts'
import type { KeyTable, TableSpec } from '../tables.ts'
import { rowOf, type ValueFormat } from '../value-format.ts'
import type { DiskTable } from './disk-table.ts'
import { merged, type Placed } from './merge.ts'
import { Overlay } from './overlay.ts'
import { plainRowKey } from './row-keys.ts'
import type { SortedRow } from './sorted-rows.ts'

interface Item<K, V> extends Placed {
  key(): K
  value(): V | null
}

/** For keys behind all that are there. */
const APPEND = { append: true }

/** Entries by key in a database of their own. */
export class LmdbKeyTable<K, V> implements KeyTable<K, V>, DiskTable {
  readonly #store: string
  readonly #keys: KeyIdentity<K>
  readonly #values: ValueFormat<V>
  readonly #database: Database<Buffer, Buffer>
  readonly #overlay: Overlay<K, V>

  constructor({ store, keys, values }: TableSpec<K, V>, database: Database<Buffer, Buffer>) {
    this.#store = store
    this.#keys = keys
    this.#values = values
    this.#database = database
    this.#overlay = new Overlay(keys)
  }

  get(key: K): V | null {
    const cell = this.#overlay.find(key)
    if (cell !== null) return cell.value
    const row = this.#database.getBinary(this.#rowKey(key))
    const value = row === undefined ? null : this.#values.fromRow(row)
    this.#overlay.remember(key, value)
    return value
  }

  put(key: K, value: V): void {
    this.#overlay.put(key, value)
  }

  remove(key: K): void {
    this.#overlay.put(key, null)
  }

  *range(from: string | null, before: string | null, isReverse: boolean): Generator<KeyValue<K, V>, void> {
    const items = merged<Item<K, V>>(
      [this.#updated(from, before, isReverse), this.#stored(from, before, isReverse)],
      isReverse,
    )
    for (const item of items) {
      const value = item.value()
      if (value !== null) yield { key: item.key(), value }
    }
  }

  each(visit: (key: K, value: V) => void): void {
    for (const { key, value } of this.range(null, null, false)) visit(key, value)
  }

  walk(): Iterable<KeyValue<K, V>> {
    return this.range(null, null, false)
  }

  size(): number {
    let size = this.#database.getCount()
    for (const { key, value } of this.#overlay.updates) {
      const isStored = this.#database.doesExist(this.#rowKey(key))
      if (value === null) size -= isStored ? 1 : 0
      else size += isStored ? 0 : 1
    }
    return size
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    const row = plainRowKey(this.#store, key)
    if (value === null) this.#database.removeSync(row)
    else this.#database.putSync(row, asBuffer(this.#values.toRow(value, timestamp)))
    this.#overlay.forget()
  }

  /** Within a transaction: all entries go. */
  clear(): void {
    this.#database.clearSync()
    this.#overlay.discard()
  }

  /**
   * Within a transaction: writes the next `count` rows, which are in the order of their keys; with `isAppending` all of them come behind
   * what is there. Returns whether there are no more.
   */
  load(rows: Iterator<SortedRow>, count: number, isAppending: boolean): boolean {
    this.#overlay.forget()
    for (let i = 0; i < count; i++) {
      const { done, value } = rows.next()
      if (done === true) return true
      const { key, row } = value
      if (row === null) {
        if (!isAppending) this.#database.removeSync(key)
      } else if (isAppending) this.#database.putSync(key, row, APPEND)
      else this.#database.putSync(key, row)
    }
    return false
  }

  write(): void {
    for (const { key, value } of this.#overlay.updates) {
      if (value === null) this.#database.removeSync(this.#rowKey(key))
      else this.#database.putSync(this.#rowKey(key), asBuffer(rowOf(this.#values, value)))
    }
  }

  settle(): void {
    this.#overlay.settle()
  }

  discard(): void {
    this.#overlay.discard()
  }

  *#updated(from: string | null, before: string | null, isReverse: boolean): Generator<Item<K, V>, void> {
    for (const { order, key, value } of this.#overlay.ordered(from, before, isReverse))
      yield { order, key: () => key, value: () => value }
  }

  *#stored(from: string | null, before: string | null, isReverse: boolean): Generator<Item<K, V>, void> {
    const low = from === null ? undefined : plainRowKey(this.#store, bytesOfOrder(from))
    const high = before === null ? undefined : plainRowKey(this.#store, bytesOfOrder(before))
    for (const { key, value } of stored(this.#database, low, high, isReverse)) {
      const bytes = key.subarray(1)
      yield { order: orderOf(bytes), key: () => this.#keys.read(bytes), value: () => this.#values.fromRow(value) }
    }
  }

  #rowKey(key: K): Buffer {
    return plainRowKey(this.#store, this.#keys.bytes(key))
  }
}

/** The entries from `low` (included) to `high` (not included). */
export function* stored(
  database: Database<Buffer, Buffer>,
  low: Buffer | undefined,
  high: Buffer | undefined,
  isReverse: boolean,
): Generator<{ readonly key: Buffer; readonly value: Buffer }, void> {
  if (low !== undefined && high !== undefined && Buffer.compare(low, high) >= 0) return
  const bounds = isReverse ? { start: high, end: low } : { start: low, end: high }
  // LMDB includes the start and not the end, also backwards.
  for (const { key, value } of database.getRange({ ...given(bounds), reverse: isReverse })) {
    if (isReverse && high !== undefined && key.equals(high)) continue
    yield { key, value }
  }
  if (!isReverse || low === undefined) return
  const value = database.getBinary(low)
  if (value !== undefined) yield { key: low, value }
}

function given(bounds: { start: Buffer | undefined; end: Buffer | undefined }): { start?: Buffer; end?: Buffer } {
  const { start, end } = bounds
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
