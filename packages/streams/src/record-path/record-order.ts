import type { Clock } from '@sluice/sdk'
import type { TimestampExtractor } from '../topology/record-functions.ts'
import type { RecordContext } from './record-context.ts'
import { settleHeld } from './held-back.ts'
import { read, UNREADABLE, type Peeked, type Way } from './way.ts'

/**
 * Which record of a task is next: of several partitions that with the smallest timestamp; none while one of them has none left though
 * there are more at the broker, or there may be (KIP-353, KIP-695), or while a record waits to be tried again.
 */
export class RecordOrder {
  readonly #ways: readonly Way[]
  readonly #maxTaskIdleMs: number
  readonly #clock: Clock
  readonly #at: RecordContext
  /** When to ask again though nothing has come, on the clock's monotonic time; Infinity: not before something has. */
  waitsUntil = Infinity

  /** @param at the task's context: a record may have to be read to know its time */
  constructor(ways: readonly Way[], maxTaskIdleMs: number, clock: Clock, at: RecordContext) {
    this.#ways = ways
    this.#maxTaskIdleMs = maxTaskIdleMs
    this.#clock = clock
    this.#at = at
  }

  /** The partition whose record is next; null: none may be run now. Among equals the first. */
  next(mayBegin: boolean): Way | null {
    this.waitsUntil = Infinity
    if (!mayBegin) return null
    if (this.#ways.length === 1) {
      const way = this.#ways[0]!
      if (way.held !== null) settleHeld(way)
      return way.queue.isEmpty || way.isPaused || this.#isHeld(way) ? null : way
    }
    let next: Way | null = null
    let earliest = Infinity
    let waitsUntil = -Infinity
    for (const way of this.#ways) {
      if (way.held !== null) settleHeld(way)
      if (way.isPaused) continue
      if (this.#isHeld(way)) return null
      if (way.queue.isEmpty) {
        waitsUntil = Math.max(waitsUntil, this.#waitFor(way))
        continue
      }
      way.idleUntil = null
      const time = this.timeOf(way)
      if (next !== null && time >= earliest) continue
      next = way
      earliest = time
    }
    if (next === null || waitsUntil === -Infinity) return next
    this.waitsUntil = waitsUntil
    return null
  }

  /** A record that is tried again is not tried yet: nothing of its task overtakes it. */
  #isHeld({ retry }: Way): boolean {
    if (retry === null || retry.at <= this.#clock.monotonic()) return false
    this.waitsUntil = retry.at
    return true
  }

  /** Until when an empty one is waited for; Infinity: until something comes. -Infinity: not, or no longer. */
  #waitFor(way: Way): number {
    const maxTaskIdleMs = this.#maxTaskIdleMs
    if (maxTaskIdleMs < 0) return -Infinity
    if (way.queue.settledAt(way.position) < way.queue.endOffset) {
      way.idleUntil = null
      return Infinity
    }
    if (maxTaskIdleMs === 0) return -Infinity
    const now = this.#clock.monotonic()
    way.idleUntil ??= now + maxTaskIdleMs
    return now < way.idleUntil ? way.idleUntil : -Infinity
  }

  timeOfOthers(way: Way): number {
    let earliest = Infinity
    for (const other of this.#ways)
      if (other !== way && !other.isPaused) earliest = Math.min(earliest, this.timeOf(other))
    return earliest
  }

  /** The time of the next record, as its source says: what says it may need to read the record. Infinity where there is none. */
  timeOf(way: Way): number {
    const { queue, chain } = way
    const extract = chain.source.timestampExtractor
    if (extract === undefined || queue.isEmpty) return queue.headTime
    way.peeked ??= this.#peek(way, extract)
    return way.peeked.time
  }

  #peek(way: Way, extract: TimestampExtractor): Peeked {
    const at = this.#at
    const { chain, queue } = way
    at.enter(way, queue.batch)
    at.fill(queue.batch, queue.at)
    try {
      const key = read(chain.key, chain.reads.key, at.keyBytes, at)
      const value = read(chain.value, chain.reads.value, at.valueBytes, at)
      return { time: extract(at, key, value, way.time), key, value }
    } catch {
      return UNREADABLE
    }
  }
}
