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
  readonly #keys: KeyIdentity<K>
  /** What the bytes of a window have behind those of its key: many in a row have the same. */
  #end: Uint8Array = NO_BYTES
  #endOf = { start: NaN, end: NaN }
  readonly #rowOf: number[] = []
  /** The key, of windows the one within, if it is a text; and its bytes, as a text that compares as they do. */
  readonly #texts: (string | null)[] = []
  readonly #orders: string[] = []
  readonly times: number[] = []
  readonly priorValues: (V | null)[] = []
  readonly oldValues: (V | null)[] = []
  readonly newValues: (V | null)[] = []
  readonly sizes: number[] = []
  /** Whether it waits; otherwise it has been let go, and the changelog does not know yet. */
  readonly isWaiting: boolean[] = []
  /** Whether the changelog does not know it as it is now. */
  readonly isDirty: boolean[] = []
  /** Whether the changelog has a row of its key. */
  readonly isLogged: boolean[] = []
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
    const packed = this.#pack(key)
    const row = this.#inner === null ? this.#rows.find(packed, 0, 0) : this.#rows.find(packed, startOf(key), endOf(key))
    return row === 0 ? -1 : this.#rows.slot(row)
  }

  /** One that is added neither waits nor is dirty. */
  findOrAdd(key: K): number {
    const rows = this.#rows
    const packed = this.#pack(key)
    const inner = this.#inner === null ? key : (key as Windowed<unknown>).key
    const found = this.#inner === null ? rows.findOrAdd(packed, 0, 0) : rows.findOrAdd(packed, startOf(key), endOf(key))
    if (found > 0) return rows.slot(found)
    const row = -found
    let slot = rows.slot(row)
    if (slot < 0) rows.setSlot(row, (slot = this.#rowOf.length))
    this.#rowOf[slot] = row
    this.#texts[slot] = typeof inner === 'string' ? inner : null
    this.#orders[slot] = (this.#inner ?? this.#keys).order(inner)
    this.times[slot] = 0
    this.priorValues[slot] = null
    this.oldValues[slot] = null
    this.newValues[slot] = null
    this.sizes[slot] = 0
    this.isWaiting[slot] = false
    this.isDirty[slot] = false
    this.isLogged[slot] = false
    return slot
  }

  remove(slot: number): void {
    const row = this.#rowOf[slot]!
    this.#rows.remove(this.#rows.loadKey(row, this.#key), row)
    this.#rows.release(row)
    this.#texts[slot] = null
    this.#orders[slot] = ''
    this.isDirty[slot] = false
    this.priorValues[slot] = null
    this.oldValues[slot] = null
    this.newValues[slot] = null
    this.#headers[slot] = null
  }

  keyOf(slot: number): K {
    const rows = this.#rows
    const row = this.#rowOf[slot]!
    const key = this.#texts[slot] ?? rows.keyOf(row, this.#key)
    if (this.#inner === null) return key as K
    const windowed: Windowed<unknown> = { key, start: rows.time(row), end: rows.number(row) }
    return windowed as K
  }

  /** The bytes of its key. */
  keyBytesOf(slot: number): Buffer {
    const end = this.#inner === null ? NO_BYTES : this.#endBytesOf(slot, this.#inner)
    const bytes = this.#rows.keyBytesOf(this.#rowOf[slot]!, this.#key, end.length)
    const at = bytes.length - end.length
    for (let i = 0; i < end.length; i++) bytes[at + i] = end[i]!
    return bytes
  }

  /** As the bytes of their keys compare. */
  readonly compareKeys = (a: number, b: number): number => {
    const one = this.#orders[a]!
    const other = this.#orders[b]!
    // Where a key is the beginning of the other, the window behind it decides.
    const isWithin = this.#inner !== null && (one.length === other.length ? one === other : areBeginnings(one, other))
    if (isWithin) return Buffer.compare(this.keyBytesOf(a), this.keyBytesOf(b))
    return one < other ? -1 : one === other ? 0 : 1
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

  #endBytesOf(slot: number, inner: KeyIdentity<unknown>): Uint8Array {
    const row = this.#rowOf[slot]!
    const start = this.#rows.time(row)
    const end = this.#rows.number(row)
    if (start !== this.#endOf.start || end !== this.#endOf.end) {
      const key = this.keyOf(slot)
      this.#endOf = { start, end }
      this.#end = this.#keys.bytes(key).subarray(inner.bytes((key as Windowed<unknown>).key).length)
    }
    return this.#end
  }

  #pack(key: K): PackedKey<unknown> {
    return this.#key.set(this.#inner !== null ? (key as Windowed<unknown>).key : key)
  }
}

const NO_BYTES = new Uint8Array(0)

function areBeginnings(one: string, other: string): boolean {
  return one.length < other.length ? other.startsWith(one) : one.startsWith(other)
}

function startOf(key: unknown): number {
  return (key as Windowed<unknown>).start
}

function endOf(key: unknown): number {
  return (key as Windowed<unknown>).end
}
