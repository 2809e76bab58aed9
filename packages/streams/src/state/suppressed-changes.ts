/**
 * The changes that a buffer of `suppress` holds, by key: in columns instead of objects, because many come and go. A change has a slot,
 * a number from 0 on, which is another one's when it is gone.
 */

import type { RawHeader } from '@sluice/sdk'
import type { Windowed } from '../windows/window.ts'
import type { SuppressionDefinition } from './definition.ts'
import { keyIdentity } from './identity-of.ts'
import type { KeyIdentity } from './key-identity.ts'
import { PackedKey } from './memory/packed-key.ts'
import { PackedRows } from './memory/packed-rows.ts'
import type { BufferedContext } from './stores.ts'

export class SuppressedChanges<K, V> {
  readonly #rows = new PackedRows()
  /** Of windows the key within: they are found by it, start and end, without writing their bytes. */
  readonly #key: PackedKey<unknown>
  readonly #inner: KeyIdentity<unknown> | null
  /** The window that was added last, and its bytes. */
  #lastStart = NaN
  #lastEnd = NaN
  #lastOrder = ''
  readonly #keys: KeyIdentity<K>
  readonly #rowOf: number[] = []
  /** The bytes of its key. */
  readonly orders: string[] = []
  readonly times: number[] = []
  readonly priorValues: (V | null)[] = []
  readonly oldValues: (V | null)[] = []
  readonly newValues: (V | null)[] = []
  readonly sizes: number[] = []
  /** Whether it waits; otherwise it has been let go, and the changelog does not know yet. */
  readonly isWaiting: boolean[] = []
  /** Whether the changelog does not know it as it is now. */
  readonly isDirty: boolean[] = []
  readonly #topics: string[] = []
  readonly #partitions: number[] = []
  readonly #offsets: number[] = []
  readonly #timestamps: number[] = []
  readonly #headers: (readonly RawHeader[] | null)[] = []

  constructor({ key: { inner } }: SuppressionDefinition, keys: KeyIdentity<K>, topic: string) {
    this.#keys = keys
    this.#inner = inner === undefined ? null : keyIdentity<unknown>(inner, topic)
    this.#key = new PackedKey<unknown>(this.#inner ?? keys)
  }

  /** -1: there is none of the key. */
  find(key: K): number {
    const row = this.#find(key)
    return row === 0 ? -1 : this.#rows.slot(row)
  }

  /** Of a key that has none. It neither waits nor is dirty. */
  add(key: K): number {
    const rows = this.#rows
    const packed = this.#pack(key)
    const row = this.#inner !== null ? rows.add(packed, startOf(key), endOf(key), null) : rows.add(packed, 0, 0, null)
    let slot = rows.slot(row)
    if (slot < 0) rows.setSlot(row, (slot = this.#rowOf.length))
    this.#rowOf[slot] = row
    this.orders[slot] = this.#orderOf(key)
    this.times[slot] = 0
    this.priorValues[slot] = null
    this.oldValues[slot] = null
    this.newValues[slot] = null
    this.sizes[slot] = 0
    this.isWaiting[slot] = false
    this.isDirty[slot] = false
    return slot
  }

  remove(slot: number): void {
    const row = this.#rowOf[slot]!
    this.#rows.remove(this.#rows.loadKey(row, this.#key), row)
    this.#rows.release(row)
    this.priorValues[slot] = null
    this.oldValues[slot] = null
    this.newValues[slot] = null
    this.#headers[slot] = null
  }

  keyOf(slot: number): K {
    const row = this.#rowOf[slot]!
    const key = this.#rows.keyOf(row, this.#key)
    if (this.#inner === null) return key as K
    const windowed: Windowed<unknown> = { key, start: this.#rows.time(row), end: this.#rows.number(row) }
    return windowed as K
  }

  contextOf(slot: number): BufferedContext {
    return {
      topic: this.#topics[slot]!,
      partition: this.#partitions[slot]!,
      offset: this.#offsets[slot]!,
      timestamp: this.#timestamps[slot]!,
      headers: this.#headers[slot]!,
    }
  }

  setContext(slot: number, { topic, partition, offset, timestamp, headers }: BufferedContext): void {
    this.#topics[slot] = topic
    this.#partitions[slot] = partition
    this.#offsets[slot] = offset
    this.#timestamps[slot] = timestamp
    this.#headers[slot] = headers
  }

  #orderOf(key: K): string {
    if (this.#inner === null) return this.#keys.order(key)
    const inner = this.#inner.order((key as Windowed<unknown>).key)
    // The bytes of a window stand behind those of its key, and many keys in a row have the same window.
    if (startOf(key) !== this.#lastStart || endOf(key) !== this.#lastEnd) {
      this.#lastStart = startOf(key)
      this.#lastEnd = endOf(key)
      this.#lastOrder = this.#keys.order(key).slice(inner.length)
    }
    return inner + this.#lastOrder
  }

  #find(key: K): number {
    const packed = this.#pack(key)
    return this.#inner !== null ? this.#rows.find(packed, startOf(key), endOf(key)) : this.#rows.find(packed, 0, 0)
  }

  #pack(key: K): PackedKey<unknown> {
    return this.#key.set(this.#inner !== null ? (key as Windowed<unknown>).key : key)
  }
}

function startOf(key: unknown): number {
  return (key as Windowed<unknown>).start
}

function endOf(key: unknown): number {
  return (key as Windowed<unknown>).end
}
