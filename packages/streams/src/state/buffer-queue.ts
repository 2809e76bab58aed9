/** What waits in order of time, then key, then number. */
export interface Waiting {
  readonly time: number
  /** The bytes of the key, for the order. */
  readonly order: string
  readonly number: number
}

/** Where something belongs, for what is no such object. */
export interface Places<T> {
  time(item: T): number
  order(item: T): string
  number(item: T): number
}

/** All that waits for one time. Many do, where it is the end of a window. */
interface Bucket<T> {
  items: T[]
  /** Those before have been let go. */
  head: number
  isSorted: boolean
}

/**
 * Things that wait, earliest first. They are kept by time, and those of one time are brought into order only when somebody looks at
 * them: what is added to a window that is still open costs the same however many wait for its end.
 */
export class PlacedQueue<T> {
  readonly #places: Places<T>
  readonly #buckets = new Map<number, Bucket<T>>()
  /** Times with a bucket, in order, from `#head` on. */
  #times: number[] = []
  #head = 0
  #size = 0

  constructor(places: Places<T>) {
    this.#places = places
  }

  get size(): number {
    return this.#size
  }

  /** Of the earliest; Infinity when there is nothing. */
  get firstTime(): number {
    return this.#size === 0 ? Infinity : this.#times[this.#head]!
  }

  get first(): T | undefined {
    if (this.#size === 0) return undefined
    const bucket = this.#sorted(this.firstTime)
    return bucket.items[bucket.head]
  }

  add(item: T): void {
    const time = this.#places.time(item)
    this.#size++
    const bucket = this.#buckets.get(time)
    if (bucket !== undefined) {
      bucket.items.push(item)
      bucket.isSorted = false
      return
    }
    this.#buckets.set(time, { items: [item], head: 0, isSorted: true })
    const at = this.#timeAt(time)
    if (at === this.#times.length) this.#times.push(time)
    else this.#times.splice(at, 0, time)
  }

  remove(item: T): void {
    const time = this.#places.time(item)
    if (!this.#buckets.has(time)) return
    const bucket = this.#sorted(time)
    const at = this.#placeOf(bucket, item)
    if (bucket.items[at] !== item) return
    if (at === bucket.head) bucket.head++
    else bucket.items.splice(at, 1)
    this.#taken(time, bucket)
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const time = this.firstTime
    const bucket = this.#sorted(time)
    const item = bucket.items[bucket.head++]
    this.#taken(time, bucket)
    return item
  }

  /** May be used while things are added and removed. */
  *ascending(): Generator<T, void> {
    for (let item = this.first; item !== undefined; item = this.#behind(item)) yield item
  }

  #behind(item: T): T | undefined {
    const seen = this.#places.time(item)
    if (this.#buckets.has(seen)) {
      const bucket = this.#sorted(seen)
      const at = this.#placeOf(bucket, item)
      const next = bucket.items[at] === item ? bucket.items[at + 1] : bucket.items[at]
      if (next !== undefined) return next
    }
    let at = this.#timeAt(seen)
    if (this.#times[at] === seen) at++
    const time = this.#times[at]
    if (time === undefined) return undefined
    const bucket = this.#sorted(time)
    return bucket.items[bucket.head]
  }

  #taken(time: number, bucket: Bucket<T>): void {
    this.#size--
    if (bucket.head < bucket.items.length) {
      if (bucket.head < 1024 || bucket.head * 2 < bucket.items.length) return
      bucket.items = bucket.items.slice(bucket.head)
      bucket.head = 0
      return
    }
    this.#buckets.delete(time)
    const at = this.#timeAt(time)
    if (at === this.#head) this.#head++
    else this.#times.splice(at, 1)
    if (this.#head < 1024 || this.#head * 2 < this.#times.length) return
    this.#times = this.#times.slice(this.#head)
    this.#head = 0
  }

  #sorted(time: number): Bucket<T> {
    const bucket = this.#buckets.get(time)!
    if (bucket.isSorted) return bucket
    const { items, head } = bucket
    const places = items.slice(head).map((item) => this.#placeIn(item))
    bucket.items = places.toSorted(compare).map(({ item }) => item)
    bucket.head = 0
    bucket.isSorted = true
    return bucket
  }

  /** Where a time is, or would be. It mostly is the last. */
  #timeAt(time: number): number {
    let high = this.#times.length
    if (high === this.#head || this.#times[high - 1]! < time) return high
    let low = this.#head
    high -= 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#times[middle]! < time) low = middle + 1
      else high = middle
    }
    return low
  }

  #placeOf({ items, head }: Bucket<T>, item: T): number {
    const place = this.#placeIn(item)
    let low = head
    let high = items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#placeIn(items[middle]!), place) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #placeIn(item: T): Place<T> {
    return { item, order: this.#places.order(item), number: this.#places.number(item) }
  }
}

const OF_WAITING: Places<Waiting> = {
  time: ({ time }) => time,
  order: ({ order }) => order,
  number: ({ number }) => number,
}

/** A queue of things that know their places. */
export class BufferQueue<T extends Waiting> extends PlacedQueue<T> {
  constructor() {
    super(OF_WAITING)
  }
}

interface Place<T> {
  readonly item: T
  readonly order: string
  readonly number: number
}

function compare(a: Place<unknown>, b: Place<unknown>): number {
  if (a.order !== b.order) return a.order < b.order ? -1 : 1
  return a.number - b.number
}
