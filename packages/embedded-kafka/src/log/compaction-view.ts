import type { AbortedTransaction } from './producers.ts'
import type { Segment } from './segment.ts'

/** Answers whether a transactional batch belongs to an aborted transaction, for a part of a log that ends before open ones. */
export class AbortedView {
  readonly #byProducer = new Map<number, AbortedTransaction[]>()

  constructor(segments: readonly Segment[]) {
    for (const { aborted } of segments) {
      for (const one of aborted) {
        const known = this.#byProducer.get(one.producerId)
        if (known === undefined) this.#byProducer.set(one.producerId, [one])
        else known.push(one)
      }
    }
  }

  has(producerId: number, offset: number): boolean {
    const known = this.#byProducer.get(producerId)
    if (known === undefined) return false
    let low = 0
    let high = known.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (known[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low < known.length && known[low]!.firstOffset <= offset
  }
}

/** Follows, in the order of a log, whose transactions have data before their markers. */
export class TransactionData {
  readonly #withData = new Set<number>()

  sawData(producerId: number): void {
    this.#withData.add(producerId)
  }

  /** Whether the log holds data of the transaction that this producer's next marker ends. */
  endedWithData(producerId: number): boolean {
    return this.#withData.delete(producerId)
  }
}
