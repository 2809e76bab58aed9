import type { KeyIdentity } from '../key-identity.ts'
import { MemoryRows } from '../memory/rows.ts'

/** A value that is put, or null for one that is removed. */
export interface Cell<V> {
  readonly value: V | null
}

/** How many entries are remembered decoded beyond those of the commit under way. */
export const REMEMBERED = 20_000

/**
 * What stands before a table on disk: the updates of the commit under way, and decoded entries that were read or written lately, which
 * are the same on disk.
 */
export class Overlay<K, V> {
  readonly #keys: KeyIdentity<K>
  #updates: MemoryRows<K, Cell<V>>
  #remembered: MemoryRows<K, Cell<V>>

  constructor(keys: KeyIdentity<K>) {
    this.#keys = keys
    this.#updates = new MemoryRows(keys)
    this.#remembered = new MemoryRows(keys)
  }

  /** Not yet on disk. */
  get updates(): MemoryRows<K, Cell<V>> {
    return this.#updates
  }

  find(key: K): Cell<V> | null {
    return this.#updates.get(key) ?? this.#remembered.get(key)
  }

  put(key: K, value: V | null): void {
    this.#updates.put(key, { value })
  }

  /** What was read. */
  remember(key: K, value: V | null): void {
    if (this.#remembered.size() >= REMEMBERED) this.#remembered = new MemoryRows(this.#keys)
    this.#remembered.put(key, { value })
  }

  /** The updates are on disk now. */
  settle(): void {
    if (this.#updates.size() === 0) return
    if (this.#remembered.size() + this.#updates.size() > REMEMBERED) this.#remembered = this.#updates
    else for (const { key, value } of this.#updates.rows()) if (value !== null) this.#remembered.put(key, value)
    this.#updates = new MemoryRows(this.#keys)
  }

  discard(): void {
    this.#updates = new MemoryRows(this.#keys)
    this.forget()
  }

  /** What was remembered is no longer what is on disk. */
  forget(): void {
    if (this.#remembered.size() > 0) this.#remembered = new MemoryRows(this.#keys)
  }
}
