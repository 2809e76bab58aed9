/** The entries of one key, ordered by time, then number. Time mostly grows, so that adding mostly appends. */

export class Track<K, V> {
  readonly key: K
  readonly times: number[] = []
  readonly values: V[] = []
  /** Null while all numbers are 0. */
  #numbers: number[] | null = null

  constructor(key: K) {
    this.key = key
  }

  get length(): number {
    return this.times.length
  }

  number(at: number): number {
    return this.#numbers === null ? 0 : this.#numbers[at]!
  }

  get(time: number, number: number): V | null {
    const at = this.#place(time, number)
    return this.#isAt(at, time, number) ? this.values[at]! : null
  }

  put(time: number, number: number, value: V): void {
    if (number !== 0) this.#numbers ??= this.times.map(() => 0)
    const at = this.#place(time, number)
    if (this.#isAt(at, time, number)) {
      this.values[at] = value
    } else if (at === this.times.length) {
      this.times.push(time)
      this.values.push(value)
      this.#numbers?.push(number)
    } else {
      this.times.splice(at, 0, time)
      this.values.splice(at, 0, value)
      this.#numbers?.splice(at, 0, number)
    }
  }

  /** Whether it was there. */
  remove(time: number, number: number): boolean {
    const at = this.#place(time, number)
    if (!this.#isAt(at, time, number)) return false
    this.#cut(at, 1)
    return true
  }

  /** Forgets what is before the time. */
  expire(before: number): void {
    const count = this.firstAt(before)
    if (count > 0) this.#cut(0, count)
  }

  /** The place of the first entry at or behind the time. */
  firstAt(time: number): number {
    return this.#place(time, -Infinity)
  }

  #cut(at: number, count: number): void {
    this.times.splice(at, count)
    this.values.splice(at, count)
    this.#numbers?.splice(at, count)
  }

  #isAt(at: number, time: number, number: number): boolean {
    return at < this.times.length && this.times[at] === time && this.number(at) === number
  }

  /** Where the entry is or would be; the last one is asked first. */
  #place(time: number, number: number): number {
    let high = this.times.length
    if (high === 0 || this.#isBefore(high - 1, time, number)) return high
    let low = 0
    high -= 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBefore(middle, time, number)) low = middle + 1
      else high = middle
    }
    return low
  }

  #isBefore(at: number, time: number, number: number): boolean {
    const other = this.times[at]!
    return other < time || (other === time && this.number(at) < number)
  }
}
