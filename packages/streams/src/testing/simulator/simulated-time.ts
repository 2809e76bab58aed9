import { setImmediate as microtasksDone } from 'node:timers/promises'

/** Something that will happen. */
export interface Scheduled {
  cancel(): void
}

interface Due {
  readonly at: number
  /** Among things of the same time, the one that was scheduled first happens first. */
  readonly order: number
  run: (() => void) | null
}

/** Parts of a millisecond: a power of two, so that sums and differences of times are exact, and the shortest wait ends later than it began. */
const TICKS = 1024

/** Milliseconds since the epoch at the beginning of every simulation. */
export const EPOCH_MS = 1_700_000_000_000

/**
 * Time that passes only from one thing that was scheduled to the next. Between two of them every promise that can go on does, so that
 * code which waits for nothing else does the same in each run.
 */
export class SimulatedTime {
  /** A binary heap. */
  readonly #due: Due[] = []
  #now = 0
  #order = 0

  /** Milliseconds since the beginning, with fractions. */
  get now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Scheduled {
    return this.at(this.#now + ms, run)
  }

  at(at: number, run: () => void): Scheduled {
    const due: Due = { at: Math.max(Math.ceil(at * TICKS) / TICKS, this.#now), order: this.#order++, run }
    this.#push(due)
    return { cancel: () => void (due.run = null) }
  }

  /** Lets time pass until `isOver` says so, or the limit is reached: then false. */
  async run(isOver: () => boolean, limitMs: number): Promise<boolean> {
    await microtasksDone()
    while (!isOver()) {
      const next = this.#pop()
      if (next === undefined || next.at > limitMs) return false
      if (next.run === null) continue
      this.#now = next.at
      next.run()
      await microtasksDone()
    }
    return true
  }

  #push(due: Due): void {
    const heap = this.#due
    let i = heap.push(due) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (isBefore(heap[parent]!, due)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = due
  }

  #pop(): Due | undefined {
    const heap = this.#due
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
