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
  /** Of two of one time. */
  readonly compare: (a: T, b: T) => number
}

/** All that waits for one time. Many do, where it is the end of a window. */
interface Bucket<T> {
  readonly time: number
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
  /** In order of time, from `#head` on. */
  #buckets: Bucket<T>[] = []
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
    return this.#size === 0 ? Infinity : this.#buckets[this.#head]!.time
  }

  get first(): T | undefined {
    return this.#size === 0 ? undefined : firstOf(this.#sorted(this.#head))
  }

  add(item: T): void {
    const time = this.#places.time(item)
    const at = this.#placeOf(time)
    const bucket = this.#buckets[at]
    this.#size++
    if (bucket?.time === time) {
      bucket.items.push(item)
      bucket.isSorted = false
      return
    }
    const added = { time, items: [item], head: 0, isSorted: true }
    if (bucket === undefined) this.#buckets.push(added)
    else this.#buckets.splice(at, 0, added)
  }

  remove(item: T): void {
    const time = this.#places.time(item)
    const at = this.#placeOf(time)
    if (this.#buckets[at]?.time !== time) return
    const bucket = this.#sorted(at)
    const place = this.#placeIn(bucket, item)
    if (bucket.items[place] !== item) return
    if (place === bucket.head) bucket.head++
    else bucket.items.splice(place, 1)
    this.#taken(at, bucket)
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const bucket = this.#sorted(this.#head)
    const item = firstOf(bucket)
    bucket.head++
    this.#taken(this.#head, bucket)
    return item
  }

  /** May be used while things are added and removed. */
  *ascending(): Generator<T, void> {
    for (let item = this.first; item !== undefined; item = this.#behind(item)) yield item
  }

  #behind(item: T): T | undefined {
    const time = this.#places.time(item)
    let at = this.#placeOf(time)
    if (this.#buckets[at]?.time === time) {
      const bucket = this.#sorted(at)
      const place = this.#placeIn(bucket, item)
      const next = bucket.items[place] === item ? bucket.items[place + 1] : bucket.items[place]
      if (next !== undefined) return next
      at++
    }
    return at === this.#buckets.length ? undefined : firstOf(this.#sorted(at))
  }

  #taken(at: number, bucket: Bucket<T>): void {
    this.#size--
    if (bucket.head < bucket.items.length) {
      if (bucket.head < 1024 || bucket.head * 2 < bucket.items.length) return
      bucket.items = bucket.items.slice(bucket.head)
      bucket.head = 0
      return
    }
    bucket.items.length = 0
    bucket.head = 0
    if (at === this.#head) this.#head++
    else this.#buckets.splice(at, 1)
    if (this.#head < 1024 || this.#head * 2 < this.#buckets.length) return
    this.#buckets = this.#buckets.slice(this.#head)
    this.#head = 0
  }

  #sorted(at: number): Bucket<T> {
    const bucket = this.#buckets[at]!
    if (bucket.isSorted) return bucket
    if (bucket.head > 0) bucket.items = bucket.items.slice(bucket.head)
    bucket.items.sort(this.#places.compare)
    bucket.head = 0
    bucket.isSorted = true
    return bucket
  }

  /** Where the bucket of a time is, or would be. It mostly is the last. */
  #placeOf(time: number): number {
    const buckets = this.#buckets
    let low = this.#head
    let high = buckets.length
    if (high > low && buckets[high - 1]!.time <= time) low = buckets[high - 1]!.time === time ? high - 1 : high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (buckets[middle]!.time < time) low = middle + 1
      else high = middle
    }
    return low
  }

  #placeIn({ items, head }: Bucket<T>, item: T): number {
    let low = head
    let high = items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#places.compare(items[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function firstOf<T>({ items, head }: Bucket<T>): T {
  return items[head]!
}

const OF_WAITING: Places<Waiting> = {
  time: ({ time }) => time,
  compare: (a, b) => (a.order === b.order ? a.number - b.number : a.order < b.order ? -1 : 1),
}

/** A queue of things that know their places. */
export class BufferQueue<T extends Waiting> extends PlacedQueue<T> {
  constructor() {
    super(OF_WAITING)
  }
}
