/**
 * Items in order, in chunks: adding and removing move at most one chunk, walking reads one after the other.
 */

export interface Ordered {
  readonly order: string
}

const CHUNK_MOST = 512

export class SortedIndex<T extends Ordered> {
  #chunks: T[][] = []

  constructor(items: Iterable<T>) {
    const sorted = [...items].toSorted((a, b) => (a.order < b.order ? -1 : 1))
    for (let at = 0; at < sorted.length; at += CHUNK_MOST / 2) this.#chunks.push(sorted.slice(at, at + CHUNK_MOST / 2))
  }

  /** An item of an order that is not there yet. */
  add(item: T): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([item])
      return
    }
    const at = Math.min(this.#chunkOf(item.order), this.#chunks.length - 1)
    const chunk = this.#chunks[at]!
    chunk.splice(lowerBound(chunk, item.order), 0, item)
    if (chunk.length > CHUNK_MOST) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_MOST / 2))
  }

  delete(order: string): void {
    const at = this.#chunkOf(order)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return
    const place = lowerBound(chunk, order)
    if (chunk[place]?.order !== order) return
    chunk.splice(place, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** May be used while the index changes. */
  *ascending(from: string | null, before: string | null): Generator<T, void> {
    let next = from ?? ''
    for (;;) {
      const chunk = this.#chunks[this.#chunkOf(next)]
      if (chunk === undefined) return
      const items = chunk.slice(lowerBound(chunk, next))
      for (const item of items) {
        if (before !== null && item.order >= before) return
        yield item
      }
      next = items.at(-1)!.order + '\0'
    }
  }

  *descending(from: string | null, before: string | null): Generator<T, void> {
    let end = before
    for (;;) {
      const at = end === null ? this.#chunks.length - 1 : Math.min(this.#chunkOf(end), this.#chunks.length - 1)
      let items = at < 0 ? [] : beginning(this.#chunks[at]!, end)
      if (items.length === 0 && at > 0) items = beginning(this.#chunks[at - 1]!, end)
      if (items.length === 0) return
      for (const item of items.toReversed()) {
        if (from !== null && item.order < from) return
        yield item
      }
      end = items[0]!.order
    }
  }

  /** The first chunk whose last item is not before this order. */
  #chunkOf(order: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.#chunks[middle]!
      if (chunk[chunk.length - 1]!.order < order) low = middle + 1
      else high = middle
    }
    return low
  }
}

function beginning<T extends Ordered>(chunk: readonly T[], before: string | null): T[] {
  return before === null ? [...chunk] : chunk.slice(0, lowerBound(chunk, before))
}

function lowerBound(chunk: readonly Ordered[], order: string): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (chunk[middle]!.order < order) low = middle + 1
    else high = middle
  }
  return low
}
