/** What waits in order of time, then key, then number. */
export interface Waiting {
  readonly time: number
  /** The bytes of the key, for the order. */
  readonly order: string
  readonly number: number
}

/**
 * Things that wait, earliest first. Time mostly grows, so that most are appended; what has been let go at the front, or removed, is
 * dropped from the array in bulk.
 */
export class BufferQueue<T extends Waiting> {
  #items: T[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  add(item: T): void {
    const at = this.#placeOf(item)
    if (at === this.#items.length) this.#items.push(item)
    else this.#items.splice(at, 0, item)
  }

  remove(item: T): void {
    if (item === this.first) {
      this.shift()
      return
    }
    const at = this.#placeOf(item)
    if (this.#items[at] === item) this.#items.splice(at, 1)
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** May be used while things are added and removed. */
  *ascending(): Generator<T, void> {
    for (let item = this.first; item !== undefined;) {
      yield item
      const at: number = this.#placeOf(item)
      item = this.#items[at] === item ? this.#items[at + 1] : this.#items[at]
    }
  }

  #placeOf(item: Waiting): number {
    let high = this.#items.length
    if (high === this.#head || isBefore(this.#items[high - 1]!, item)) return high
    let low = this.#head
    high -= 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(this.#items[middle]!, item)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  if (a.time !== b.time) return a.time < b.time
  if (a.order !== b.order) return a.order < b.order
  return a.number < b.number
}
