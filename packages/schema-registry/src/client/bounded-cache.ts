export interface CacheBounds {
  readonly entriesMax: number
  /** Of texts, in UTF-16 units; what is kept beside them is little. */
  readonly weightMax: number
}

/** Keeps what was used last, within its bounds. One entry that is heavier than all may be is kept while it is the last one. */
export class BoundedCache<K, V> {
  readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>()
  readonly #bounds: CacheBounds
  #weight = 0

  constructor(bounds: CacheBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: K, value: V, weight: number): void {
    this.delete(key)
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    const { entriesMax, weightMax } = this.#bounds
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= 1 || (this.#entries.size <= entriesMax && this.#weight <= weightMax)) return
      this.delete(oldest)
    }
  }

  delete(key: K): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0
    this.#entries.delete(key)
  }

  deleteWhere(isMeant: (key: K) => boolean): void {
    for (const key of this.#entries.keys()) if (isMeant(key)) this.delete(key)
  }
}
