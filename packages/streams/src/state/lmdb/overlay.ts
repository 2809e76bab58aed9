import type { KeyId, KeyIdentity } from '../key-identity.ts'
import { SortedIndex } from '../memory/sorted-index.ts'

/** A value that is put, or null for one that is removed. */
export interface Cell<V> {
  readonly value: V | null
}

/** A key as it is now: its value, or null where it has none. */
export interface Entry<K, V> extends Cell<V> {
  readonly key: K
  /** The key's bytes, for updates, once they are walked in order. */
  readonly order: string
}

interface Known<K, V> extends Entry<K, V> {
  readonly id: KeyId
  value: V | null
  order: string
  /** Not yet on disk. */
  isUpdate: boolean
}

/** About how many entries are remembered decoded beyond those of the commit under way. */
export const REMEMBERED = 20_000

/**
 * What stands before a table on disk: the updates of the commit under way, and decoded entries that were read or written lately, which
 * are the same on disk. Those are of two generations: what is not asked for while the younger one fills up is forgotten with the older.
 */
export class Overlay<K, V> {
  readonly #keys: KeyIdentity<K>
  /** All updates, and what was asked for in this generation. */
  #young = new Map<KeyId, Known<K, V>>()
  #old = new Map<KeyId, Known<K, V>>()
  #updates: Known<K, V>[] = []
  #index: SortedIndex<Known<K, V>> | null = null
  /** What was asked for last is what is asked for, or put, next, mostly. */
  #last: Known<K, V> | null = null

  constructor(keys: KeyIdentity<K>) {
    this.#keys = keys
  }

  /** Not yet on disk: each key once, in no order. */
  get updates(): readonly Entry<K, V>[] {
    return this.#updates
  }

  /** The updates in the order of their keys; they may change while they are walked. */
  ordered(from: string | null, before: string | null, isReverse: boolean): Iterable<Entry<K, V>> {
    if (this.#index === null) {
      for (const update of this.#updates) update.order = this.#keys.order(update.key)
      this.#index = new SortedIndex(this.#updates)
    }
    return isReverse ? this.#index.descending(from, before) : this.#index.ascending(from, before)
  }

  /** Null: it has to be read. */
  find(key: K): Cell<V> | null {
    return (this.#last = this.#knownAgain(this.#keys.id(key)))
  }

  put(key: K, value: V | null): void {
    const id = this.#keys.id(key)
    const update = (this.#last = this.#knownAgain(id) ?? this.#add(id, key, value))
    update.value = value
    if (update.isUpdate) return
    update.isUpdate = true
    this.#updates.push(update)
    if (this.#index === null) return
    update.order = this.#keys.order(key)
    this.#index.add(update)
  }

  /** What was read. */
  remember(key: K, value: V | null): void {
    this.#last = this.#add(this.#keys.id(key), key, value)
  }

  /** The updates are on disk now. */
  settle(): void {
    for (const update of this.#updates) update.isUpdate = false
    this.#updates = []
    this.#index = null
  }

  discard(): void {
    this.#updates = []
    this.#index = null
    this.forget()
  }

  /** What was remembered is no longer what is on disk. */
  forget(): void {
    if (this.#old.size === 0 && this.#young.size === this.#updates.length) return
    this.#old = new Map()
    this.#begin()
  }

  #knownAgain(id: KeyId): Known<K, V> | null {
    return this.#last !== null && this.#last.id === id ? this.#last : this.#known(id)
  }

  #known(id: KeyId): Known<K, V> | null {
    const young = this.#young.get(id)
    if (young !== undefined) return young
    const old = this.#old.get(id)
    if (old === undefined) return null
    this.#young.set(id, old)
    return old
  }

  #add(id: KeyId, key: K, value: V | null): Known<K, V> {
    if (this.#young.size - this.#updates.length >= REMEMBERED / 2) {
      this.#old = this.#young
      this.#begin()
    }
    const added = { id, key, value, order: '', isUpdate: false }
    this.#young.set(id, added)
    return added
  }

  /** A generation, which has the updates. */
  #begin(): void {
    this.#young = new Map(this.#updates.map((update) => [update.id, update]))
    this.#last = null
  }
}
