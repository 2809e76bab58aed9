/**
 * The segments of time of one store: a ring of databases, each used again when what it held has expired. Which segment a database
 * holds is a counter beside it, so that both change in one transaction.
 */

import type { Database } from 'lmdb'
import { segmentMsOf } from '../retention.ts'
import type { Counter } from '../tables.ts'

interface Slot {
  readonly database: Database<Buffer, Buffer>
  /** The number of the segment it holds; -Infinity: none. */
  readonly segment: Counter
}

/** How many databases a store of this retention needs. */
export function slotsOf(retentionMs: number): number {
  return Number.isFinite(retentionMs) ? Math.ceil(retentionMs / segmentMsOf(retentionMs)) + 2 : 1
}

export class Segments {
  readonly #segmentMs: number
  readonly #slots: readonly Slot[]
  #expired = -Infinity

  constructor(retentionMs: number, slots: readonly Slot[]) {
    this.#segmentMs = segmentMsOf(retentionMs)
    this.#slots = slots
  }

  /** The segment that holds this time. */
  at(time: number): Database<Buffer, Buffer> | undefined {
    const segment = this.#segmentOf(time)
    const slot = this.#slotOf(segment)
    return slot.segment.value === segment ? slot.database : undefined
  }

  /** Those that hold some of this time, earliest first. */
  between(from: number, to: number): Database<Buffer, Buffer>[] {
    const first = this.#segmentOf(from)
    const last = this.#segmentOf(to)
    const held = this.#slots.filter(({ segment }) => segment.value >= first && segment.value <= last)
    return held.toSorted((a, b) => a.segment.value - b.segment.value).map(({ database }) => database)
  }

  /** Within a transaction. Undefined: the time has expired, and its place is taken. */
  forWriting(time: number): Database<Buffer, Buffer> | undefined {
    const segment = this.#segmentOf(time)
    const slot = this.#slotOf(segment)
    if (slot.segment.value > segment) return undefined
    if (slot.segment.value < segment) {
      if (slot.segment.value !== -Infinity) slot.database.clearSync()
      slot.segment.value = segment
    }
    return slot.database
  }

  /** What ends before this time goes with the next transaction. */
  expire(before: number): void {
    this.#expired = Math.max(this.#expired, this.#segmentOf(before))
  }

  /** Within a transaction. */
  drop(): void {
    for (const { database, segment } of this.#slots) {
      if (segment.value === -Infinity || segment.value >= this.#expired) continue
      database.clearSync()
      segment.value = -Infinity
    }
  }

  #segmentOf(time: number): number {
    if (this.#segmentMs === Infinity) return 0
    return Math.floor(time / this.#segmentMs)
  }

  #slotOf(segment: number): Slot {
    const count = this.#slots.length
    return this.#slots[((segment % count) + count) % count]!
  }
}
