/** How a value is taken apart into what it is and when it was, and put together again. */
export interface Halves<V> {
  bareOf(value: V): unknown
  timeOf(value: V): number
  whole(bare: unknown, time: number): V
}

const PLACES_MOST = 50_000

/**
 * Values by slot, numbers from 0 on. Those that have a time lie in two columns: an object for each of them, replaced with every update,
 * would be old for the garbage collector by the time it goes.
 */
export class ValueColumn<V> {
  readonly #halves: Halves<V> | null
  /** Null: there is none. */
  #bare: unknown[] = []
  #times: number[] = []

  /** Null: values are kept as they are. */
  constructor(halves: Halves<V> | null) {
    this.#halves = halves
  }

  /** The least slot that has no place yet. */
  get length(): number {
    return this.#bare.length
  }

  /** Null: there is none. */
  get(slot: number): V | null {
    const bare = this.#bare[slot]
    if (bare === null) return null
    return this.#halves === null ? (bare as V) : this.#halves.whole(bare, this.#times[slot]!)
  }

  set(slot: number, value: V | null): void {
    if (this.#halves === null || value === null) this.#bare[slot] = value
    else {
      this.#bare[slot] = this.#halves.bareOf(value)
      this.#times[slot] = this.#halves.timeOf(value)
    }
  }

  /** Its places are kept, unless they are very many. */
  clear(): void {
    if (this.#bare.length > PLACES_MOST) this.#bare.length = this.#times.length = 0
    else this.#bare.fill(null)
  }

  copy(): ValueColumn<V> {
    const copy = new ValueColumn<V>(this.#halves)
    copy.#bare = [...this.#bare]
    copy.#times = [...this.#times]
    return copy
  }
}
