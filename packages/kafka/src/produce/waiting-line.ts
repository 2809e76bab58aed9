/** So many that have gone are kept at the front before those behind them move up. */
const GONE_MAX = 1024

/** First come, first served. Taking the first one costs the same however many wait: an array's `shift` moves all of them. */
export class WaitingLine<T> {
  #items: (T | undefined)[] = []
  #gone = 0

  get length(): number {
    return this.#items.length - this.#gone
  }

  get first(): T | undefined {
    return this.#items[this.#gone]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): void {
    if (this.length === 0) return
    this.#items[this.#gone++] = undefined
    if (this.#gone < GONE_MAX || this.#gone * 2 < this.#items.length) return
    this.#items = this.#items.slice(this.#gone)
    this.#gone = 0
  }

  /** Takes all, in order. */
  drain(): T[] {
    const left = this.#items.slice(this.#gone) as T[]
    this.#items = []
    this.#gone = 0
    return left
  }
}
