import type { Database } from 'lmdb'
import { bytesOfOrder, orderOf, type KeyIdentity } from '../key-identity.ts'
import { TimeRows } from '../memory/time-rows.ts'
import type { TimedEntry, TimeTable, TimeTableSpec } from '../tables.ts'
import { rowOf, type ValueFormat } from '../value-format.ts'
import type { DiskTable } from './disk-table.ts'
import { asBuffer, stored } from './key-table.ts'
import { merged, type Placed } from './merge.ts'
import { REMEMBERED, type Cell } from './overlay.ts'
import { keyOfPart, keyPart, readTimeRowKey, timeRowKey } from './row-keys.ts'
import type { Segments } from './segments.ts'

interface Update<K, V> {
  readonly key: K
  readonly time: number
  readonly number: number
  readonly cell: Cell<V>
}

interface Range {
  readonly low: Buffer | undefined
  readonly high: Buffer | undefined
  readonly from: number
  readonly to: number
  readonly isReverse: boolean
}

interface Item<K, V> extends Placed {
  readonly time: number
  readonly number: number
  key(): K
  value(): V | null
}

/** Entries by key, time and number, in a database per segment of time: what is old goes a segment at a time. */
export class LmdbTimeTable<K, V, E> implements TimeTable<K, V, E>, DiskTable {
  readonly #store: string
  readonly #keys: KeyIdentity<K>
  readonly #values: ValueFormat<V>
  readonly #entry: TimeTableSpec<K, V, E>['entry']
  readonly #segments: Segments
  readonly #updates: TimeRows<K, Cell<V>, Update<K, V>>
  /** Decoded entries that were read or written lately, which are the same on disk. */
  readonly #remembered: TimeRows<K, Cell<V>, Update<K, V>>
  /** How often something was added to it. */
  #rememberedCount = 0

  constructor(spec: TimeTableSpec<K, V, E>, segments: Segments) {
    this.#store = spec.store
    this.#keys = spec.keys
    this.#values = spec.values
    this.#entry = spec.entry
    this.#segments = segments
    this.#updates = this.#noUpdates()
    this.#remembered = this.#noUpdates()
  }

  get(key: K, time: number, number: number): V | null {
    const cell = this.#updates.get(key, time, number) ?? this.#remembered.get(key, time, number)
    if (cell !== null) return cell.value
    const row = this.#segments.at(time)?.getBinary(this.#rowKey(key, time, number))
    const value = row === undefined ? null : this.#values.fromRow(row)
    this.#remember(key, time, number, { value })
    return value
  }

  put(key: K, time: number, number: number, value: V): void {
    this.#updates.put(key, time, number, { value })
  }

  remove(key: K, time: number, number: number): void {
    this.#updates.put(key, time, number, { value: null })
  }

  ofKey(key: K, from: number, to: number, isReverse: boolean): readonly E[] {
    const updates = this.#updates.ofKey(key, from, to, false)
    const part = keyPart(this.#keys.bytes(key))
    const start = timeRowKey(this.#store, part, from, -Infinity)
    const end = timeRowKey(this.#store, part, to, Infinity)
    const entries: E[] = []
    let next = 0
    // Segments follow each other in time, so that what they have is in order as it is read.
    for (const database of this.#segments.between(from, to)) {
      for (const { key: bytes, value: row } of database.getRange({ start, end })) {
        const { time, number } = readTimeRowKey(bytes)
        for (; next < updates.length && isBefore(updates[next]!, time, number); next++)
          this.#push(entries, updates[next]!)
        if (updates[next]?.time === time && updates[next]?.number === number) this.#push(entries, updates[next++]!)
        else entries.push(this.#entry(key, time, number, this.#values.fromRow(row)))
      }
    }
    for (; next < updates.length; next++) this.#push(entries, updates[next]!)
    return isReverse ? entries.toReversed() : entries
  }

  ofKeys(keyFrom: string | null, keyBefore: string | null, from: number, to: number, isReverse: boolean): Iterable<E> {
    return this.#entries(this.#items(keyFrom, keyBefore, from, to, isReverse))
  }

  #items(
    keyFrom: string | null,
    keyBefore: string | null,
    from: number,
    to: number,
    isReverse: boolean,
  ): Iterable<Item<K, V>> {
    const low = keyFrom === null ? undefined : asBuffer(keyPart(bytesOfOrder(keyFrom)))
    const high = keyBefore === null ? undefined : asBuffer(keyPart(bytesOfOrder(keyBefore)))
    const updates = this.#updateItems(this.#updates.ofKeys(keyFrom, keyBefore, from, to, isReverse))
    const range = { low: emptied(low), high, from, to, isReverse }
    const lists = this.#segments.between(from, to).map((database) => this.#stored(database, range))
    return merged([updates, ...lists], isReverse)
  }

  *byTime(from: number, to: number, isReverse: boolean): Generator<E, void> {
    const updates = [...this.#updateItems(this.#updates.byTime(from, to, isReverse))].map(timeFirst)
    // A segment is ordered by key: what is asked for is put in order here, all of it at once.
    const range = { low: undefined, high: undefined, from, to, isReverse: false }
    const rows = this.#segments
      .between(from, to)
      .flatMap((database) => [...this.#stored(database, range)])
      .map(timeFirst)
    const sign = isReverse ? -1 : 1
    const ordered = rows.toSorted((a, b) => (a.order < b.order ? -sign : sign))
    yield* this.#entries(merged([updates, ordered], isReverse))
  }

  *frozen(): Generator<TimedEntry<K, V>, void> {
    for (const item of this.#items(null, null, -Infinity, Infinity, false)) {
      const { time, number } = item
      const value = item.value()
      if (value !== null) yield { key: item.key(), time, number, value }
    }
  }

  expire(before: number): void {
    this.#segments.expire(before)
  }

  restore(key: Uint8Array, time: number, number: number, value: Uint8Array | null, timestamp: number): void {
    const row = timeRowKey(this.#store, keyPart(key), time, number)
    const database = this.#segments.forWriting(time)
    if (value === null) database?.removeSync(row)
    else database?.putSync(row, asBuffer(this.#values.toRow(value, timestamp)))
    this.#forget()
  }

  write(): void {
    this.#segments.drop()
    // In order of time: a segment that is written later may take the place of one that has expired meanwhile.
    const updates = this.#allUpdates().toSorted((a, b) => a.time - b.time)
    for (const { key, time, number, cell } of updates) {
      const database = this.#segments.forWriting(time)
      const row = this.#rowKey(key, time, number)
      if (cell.value === null) database?.removeSync(row)
      else database?.putSync(row, asBuffer(rowOf(this.#values, cell.value)))
    }
  }

  settle(): void {
    for (const { key, time, number, cell } of this.#allUpdates()) this.#remember(key, time, number, cell)
    this.#updates.clear()
  }

  discard(): void {
    this.#updates.clear()
    this.#forget()
  }

  #remember(key: K, time: number, number: number, cell: Cell<V>): void {
    if (this.#rememberedCount >= REMEMBERED) this.#forget()
    this.#remembered.put(key, time, number, cell)
    this.#rememberedCount++
  }

  #forget(): void {
    if (this.#rememberedCount === 0) return
    this.#remembered.clear()
    this.#rememberedCount = 0
  }

  #push(entries: E[], { key, time, number, cell }: Update<K, V>): void {
    if (cell.value !== null) entries.push(this.#entry(key, time, number, cell.value))
  }

  #allUpdates(): Update<K, V>[] {
    const updates: Update<K, V>[] = []
    this.#updates.each((key, time, number, cell) => updates.push({ key, time, number, cell }))
    return updates
  }

  #noUpdates(): TimeRows<K, Cell<V>, Update<K, V>> {
    return new TimeRows<K, Cell<V>, Update<K, V>>({
      keys: this.#keys,
      packing: null,
      halves: null,
      // They are few, and go all at once.
      retentionMs: Infinity,
      entry: (key, time, number, cell) => ({ key, time, number, cell }),
    })
  }

  *#entries(items: Iterable<Item<K, V>>): Generator<E, void> {
    for (const item of items) {
      const value = item.value()
      if (value !== null) yield this.#entry(item.key(), item.time, item.number, value)
    }
  }

  *#stored(database: Database<Buffer, Buffer>, range: Range): Generator<Item<K, V>, void> {
    const { low, high, from, to, isReverse } = range
    for (const { key: bytes, value } of stored(database, low, high, isReverse)) {
      const { part, time, number } = readTimeRowKey(bytes)
      if (time < from || time > to) continue
      const key = (): K => this.#keys.read(keyOfPart(part))
      yield { order: orderOf(bytes), time, number, key, value: () => this.#values.fromRow(value) }
    }
  }

  *#updateItems(updates: Iterable<Update<K, V>>): Generator<Item<K, V>, void> {
    for (const update of updates) yield this.#updateItem(keyPart(this.#keys.bytes(update.key)), update)
  }

  #updateItem(part: Uint8Array, { key, time, number, cell }: Update<K, V>): Item<K, V> {
    const order = orderOf(timeRowKey(this.#store, part, time, number))
    return { order, time, number, key: () => key, value: () => cell.value }
  }

  #rowKey(key: K, time: number, number: number): Buffer {
    return timeRowKey(this.#store, keyPart(this.#keys.bytes(key)), time, number)
  }
}

function isBefore(update: { readonly time: number; readonly number: number }, time: number, number: number): boolean {
  return update.time < time || (update.time === time && update.number < number)
}

/** With its time before its key. */
function timeFirst<K, V>(item: Item<K, V>): Item<K, V> {
  const end = item.order.length - 16
  return { ...item, order: item.order.slice(end, end + 8) + item.order.slice(0, end) + item.order.slice(end + 8) }
}

/** LMDB has no key of no bytes: from the beginning. */
function emptied(low: Buffer | undefined): Buffer | undefined {
  return low === undefined || low.length === 0 ? undefined : low
}
