import type { NodeTime } from '../record-path/node-times.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { KeyValueStore } from '../state/stores.ts'
import type { NodeScope, Operator } from './operator.ts'

export interface AdvanceWhenIdleOptions {
  /** How long no record may have come, in milliseconds on the wall clock. */
  readonly afterMs: number
  /** A key-value store from text to `IdleRecord`. */
  readonly store: string
}

/** By topic: the offset before which all records had been through. */
type Positions = Readonly<Record<string, number>>

/** That time was moved on, and where: with the same records, it is moved on at the same place again. */
export interface IdleRecord {
  readonly positions: Positions
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** The store's keys are numbers, one per place where time was moved on. */
const DIGITS = 12
/** Time is moved on once it has stood still for so much longer than the last time, so that a stream that has ended costs less and less. */
const GROWTH = 1.25
/** Of so many places it is known what was done; earlier ones are forgotten. */
const PLACES_MAX = 1_000

/**
 * Moves the time of the nodes behind it on when no record comes for a while, so that windows close. What it does is kept in a store, with
 * the results in one transaction: a task that goes on, or processes the same records again, does the same at the same place and does not
 * look at the clock before it has done all of it. That place is where all records of all topics that were before it have come by: where they come
 * in another order the second time, as those of several topics may, and those in calls, no time is moved on before one that was in time.
 */
export function advanceWhenIdle(options: AdvanceWhenIdleOptions): Operator {
  return {
    kind: 'advanceWhenIdle',
    prefix: 'KSTREAM-IDLE-',
    ignores: 'record',
    details: { afterMs: options.afterMs },
    compile(next, scope) {
      const idle = new IdleTime(options, scope)
      scope.schedule(options.afterMs, 'WALL_CLOCK_TIME', (_now, at) => idle.look(at))
      return (key, value, at) => {
        at.node = scope.node
        idle.hear(at)
        next(key, value, at)
      }
    },
  }
}

class IdleTime {
  readonly #scope: NodeScope
  readonly #store: KeyValueStore<string, IdleRecord>
  readonly #time: NodeTime
  /** The store is not filled before the first record, or look. */
  #isLoaded = false
  /** What was done, oldest first, and how much of it has been done again. */
  readonly #done: IdleRecord[] = []
  #redone = 0
  /** The number of the first of it. */
  #first = 0
  #hasHeard = true
  /** On the clock's monotonic time: since when it is idle, and when time was last moved on. */
  #idleSince: number
  #movedAt: number
  /** How long it has to be idle until time is moved on again. */
  #nextMs: number
  readonly #afterMs: number

  constructor(options: AdvanceWhenIdleOptions, scope: NodeScope) {
    this.#scope = scope
    this.#store = scope.store(options.store) as KeyValueStore<string, IdleRecord>
    this.#time = scope.time()
    this.#afterMs = options.afterMs
    this.#nextMs = options.afterMs
    this.#idleSince = scope.clock.monotonic()
    this.#movedAt = this.#idleSince
  }

  hear(at: RecordContext): void {
    this.#load()
    if (this.#redone < this.#done.length) this.#redo(this.#scope.positions(), at)
    this.#hasHeard = true
    if (at.timestamp > this.#time.at) this.#time.at = at.timestamp
  }

  look(at: RecordContext): void {
    this.#load()
    const now = this.#scope.clock.monotonic()
    if (this.#hasHeard || !this.#scope.isCaughtUp()) {
      this.#hasHeard = false
      this.#idleSince = now
      this.#movedAt = now
      this.#nextMs = this.#afterMs
      return
    }
    const positions = this.#scope.positions()
    this.#redo(positions, at)
    const idleMs = now - this.#idleSince
    if (this.#redone < this.#done.length || this.#time.at < 0 || idleMs < this.#nextMs) return
    this.#time.at += Math.floor(now - this.#movedAt)
    this.#movedAt = now
    this.#nextMs = idleMs * GROWTH
    this.#record({ positions, time: this.#time.at })
    this.#scope.advanceTime(this.#time.at, at)
  }

  /** Of several at one place, the last one says it all. */
  #record(done: IdleRecord): void {
    const last = this.#done.at(-1)
    if (last !== undefined && isSame(last.positions, done.positions)) this.#done.pop()
    this.#store.put(keyOf(this.#first + this.#done.length), done)
    this.#done.push(done)
    if (this.#done.length > PLACES_MAX) {
      this.#store.delete(keyOf(this.#first++))
      this.#done.shift()
    }
    this.#redone = this.#done.length
  }

  #redo(positions: Positions, at: RecordContext): void {
    for (let next = this.#done[this.#redone]; next !== undefined; next = this.#done[this.#redone]) {
      if (!isReached(next.positions, positions)) return
      this.#redone++
      if (next.time > this.#time.at) this.#time.at = next.time
      this.#scope.advanceTime(next.time, at)
    }
  }

  #load(): void {
    if (this.#isLoaded) return
    this.#isLoaded = true
    for (const { key, value } of this.#store.all()) {
      if (this.#done.length === 0) this.#first = Number(key)
      this.#done.push(value)
    }
  }
}

function keyOf(number: number): string {
  return String(number).padStart(DIGITS, '0')
}

/** A topic that is not read any more keeps nothing waiting. */
function isReached(wanted: Positions, positions: Positions): boolean {
  return Object.entries(wanted).every(([topic, offset]) => (positions[topic] ?? Infinity) >= offset)
}

function isSame(a: Positions, b: Positions): boolean {
  return isReached(a, b) && isReached(b, a)
}
