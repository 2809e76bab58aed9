/** The count of one partition while it is being processed: see `Tally` of @sluice/kafka for what it means. */
import type { Tally } from '@sluice/kafka'
import type { RecordContext } from './record-context.ts'

export class PartitionTally {
  #in: number
  #passed: number
  #marked: number
  readonly #quarantined: ReasonCounts
  readonly #dropped: ReasonCounts

  constructor(from: Tally) {
    this.#in = from.in
    this.#passed = from.passed
    this.#marked = from.marked
    this.#quarantined = new ReasonCounts(from.quarantined)
    this.#dropped = new ReasonCounts(from.dropped)
  }

  /**
   * Counts a record whose way has ended: quarantined if it was diverted anywhere, else passed if it reached any end, else dropped
   * with the first reason that was given.
   */
  settle(at: RecordContext): void {
    this.#in += 1
    if (at.quarantinedFor !== null) this.#quarantined.add(at.quarantinedFor)
    else if (at.reached > 0) {
      this.#passed += 1
      if (at.marked) this.#marked += 1
    } else this.#dropped.add(at.droppedFor ?? 'unrouted')
  }

  get in(): number {
    return this.#in
  }

  /** The count as it stands, independent of what follows. */
  snapshot(): Tally {
    return {
      in: this.#in,
      passed: this.#passed,
      marked: this.#marked,
      quarantined: this.#quarantined.snapshot(),
      dropped: this.#dropped.snapshot(),
    }
  }
}

/** Counts by reason. The last reason is at hand: records that fail together mostly fail alike. */
class ReasonCounts {
  readonly #counts = new Map<string, { count: number }>()
  #lastReason = ''
  #last: { count: number } = { count: 0 }

  constructor(from: Readonly<Record<string, number>>) {
    for (const [reason, count] of Object.entries(from)) this.#counts.set(reason, { count })
  }

  add(reason: string): void {
    if (reason !== this.#lastReason) {
      this.#lastReason = reason
      let counter = this.#counts.get(reason)
      if (counter === undefined) this.#counts.set(reason, (counter = { count: 0 }))
      this.#last = counter
    }
    this.#last.count += 1
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].map(([reason, { count }]) => [reason, count]))
  }
}
