import type { Change } from '../dsl/change.ts'
import type { NodeTime } from '../record-path/node-times.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { TimestampedWindowStore, ValueAndTimestamp, WindowEntry } from '../state/stores.ts'
import type { SlidingWindows } from '../windows/sliding-windows.ts'
import type { Windowed } from '../windows/window.ts'
import { made } from '../topology/synchronous.ts'
import { LATE, NULL_KEY, NULL_VALUE } from './drop-reasons.ts'
import type { NodeScope, Operator, Step } from './operator.ts'
import { windowedOperator, windowTime, type WindowedAggregateOptions } from './windowed-operator.ts'

export interface SlidingWindowAggregateOptions extends Omit<WindowedAggregateOptions, 'aggregatesNulls'> {
  readonly windows: SlidingWindows
}

/**
 * Aggregates per key and sliding window. A record at t is added to the windows that hold t, and may make three more: the one that ends
 * at t, the one that starts behind t (when later records of it are known already), and the one that starts behind the record before.
 */
export function slidingWindowAggregate(options: SlidingWindowAggregateOptions): Operator {
  return windowedOperator(options, (next, scope) => {
    const slider = new Slider(options, scope, next)
    return (key, value, at) => slider.process(key, value, at)
  })
}

type Entry = WindowEntry<unknown, ValueAndTimestamp<unknown>>

class Slider {
  readonly #options: SlidingWindowAggregateOptions
  readonly #scope: NodeScope
  readonly #next: Step
  readonly #late: Step | null
  readonly #store: TimestampedWindowStore<unknown, unknown>
  readonly #difference: number
  /** The key's windows around the record, collected before any of them is changed. */
  readonly #around: Entry[] = []
  readonly #time: NodeTime
  #closeTime = 0
  #closedUpTo: number

  constructor(options: SlidingWindowAggregateOptions, scope: NodeScope, next: Step) {
    this.#options = options
    this.#scope = scope
    this.#next = next
    this.#late = options.late === undefined ? null : scope.forwardTo(options.late)
    this.#store = scope.store(options.store) as TimestampedWindowStore<unknown, unknown>
    this.#difference = options.windows.differenceMs
    this.#time = windowTime(options, options.windows.graceMs, scope)
    this.#closedUpTo = Math.max(0, this.#time.at - options.windows.graceMs - this.#difference)
    scope.onTime((timestamp, at) => {
      if (timestamp > this.#time.at) this.#time.at = timestamp
      this.#closeTime = this.#time.at - options.windows.graceMs
      at.node = scope.node
      if (options.emit === 'close') this.#close(at)
    })
  }

  process(key: unknown, value: unknown, at: RecordContext): void {
    const scope = this.#scope
    at.node = scope.node
    if (key === null) return scope.drop(at, NULL_KEY)
    if (value === null) return scope.drop(at, NULL_VALUE)
    const { timestamp } = at
    if (timestamp > this.#time.at) this.#time.at = timestamp
    this.#closeTime = this.#time.at - this.#options.windows.graceMs
    if (this.#options.emit === 'close') this.#close(at)
    if (timestamp + 1 + this.#difference <= this.#closeTime) {
      if (this.#late === null) return scope.drop(at, LATE)
      return this.#late(key, value, at)
    }
    this.#around.length = 0
    if (timestamp < this.#difference) this.#early(key, value, at)
    else this.#add(key, value, at)
  }

  #add(key: unknown, value: unknown, at: RecordContext): void {
    const { timestamp } = at
    const difference = this.#difference
    const around = this.#around
    for (const entry of this.#store.backwardFetchRange(key, Math.max(0, timestamp - 2 * difference), timestamp + 1))
      around.push(entry)
    /** Of the latest record before this one. */
    let previous = -1
    let leftAggregate: unknown = null
    let right: ValueAndTimestamp<unknown> | null = null
    let hasLeft = false
    let hasRight = false
    let hasPreviousRight = false
    for (let i = 0; i < around.length; i++) {
      const { start, value: row } = around[i]!
      const end = start + difference
      if (start === timestamp + 1) hasRight = true
      else if (end > timestamp) {
        right ??= row
        this.#update(key, value, start, row, at)
      } else if (end === timestamp) {
        hasLeft = true
        this.#update(key, value, start, row, at)
        // A record of this very time was here: it made all windows that this one could make.
        if (row.timestamp >= timestamp) return
        previous = row.timestamp
      } else {
        leftAggregate = row.value
        previous = row.timestamp
        break
      }
    }
    if (previous >= 0) {
      const start = previous + 1
      // Windows that start behind the one before may be among those that were read.
      for (let i = 0; i < around.length; i++) if (around[i]!.start === start) hasPreviousRight = true
      if (!hasPreviousRight && start + difference >= timestamp && start <= timestamp)
        this.#update(key, value, start, null, at)
    }
    if (!hasLeft) {
      const isFilled = previous >= timestamp - difference && previous >= 0 && leftAggregate !== null
      const left = isFilled ? { value: leftAggregate, timestamp } : null
      this.#update(key, value, timestamp - difference, left, at)
    }
    if (!hasRight && right !== null && right.timestamp > timestamp) this.#create(key, timestamp + 1, right, at)
  }

  /** Records before the first full window all share one: [0, difference]. */
  #early(key: unknown, value: unknown, at: RecordContext): void {
    const { timestamp } = at
    const around = this.#around
    for (const entry of this.#store.fetchRange(key, 0, timestamp + 1)) around.push(entry)
    let combined: ValueAndTimestamp<unknown> | null = null
    let right: ValueAndTimestamp<unknown> | null = null
    let previous = -1
    let hasRight = false
    let hasPreviousRight = false
    for (let i = 0; i < around.length; i++) {
      const { start, value: row } = around[i]!
      if (start === 0) {
        combined = row
        if (row.timestamp < timestamp) previous = row.timestamp
      } else if (start <= timestamp) {
        right = row
        if (start === previous + 1) hasPreviousRight = true
        this.#update(key, value, start, row, at)
      } else hasRight = true
    }
    right ??= combined
    if (!hasRight && right !== null && right.timestamp > timestamp) this.#create(key, timestamp + 1, right, at)
    if (previous >= 0 && !hasPreviousRight && previous + 1 <= timestamp)
      this.#update(key, value, previous + 1, null, at)
    this.#update(key, value, 0, combined, at)
  }

  /** Adds the record to a window. */
  #update(
    key: unknown,
    value: unknown,
    start: number,
    old: ValueAndTimestamp<unknown> | null,
    at: RecordContext,
  ): void {
    if (start + this.#difference < this.#closeTime) return this.#scope.drop(at, LATE)
    const { initializer, aggregator } = this.#options
    const { timestamp } = at
    const newValue = made(
      'aggregator',
      aggregator(key, value, old === null ? made('initializer', initializer()) : old.value),
    )
    const newTimestamp = old === null || old.timestamp < timestamp ? timestamp : old.timestamp
    this.#put(key, start, newValue, newTimestamp, old === null ? null : old.value, at)
  }

  /** Makes a window of records that are known already, without the one under way. */
  #create(key: unknown, start: number, of: ValueAndTimestamp<unknown>, at: RecordContext): void {
    if (start + this.#difference < this.#closeTime) return this.#scope.drop(at, LATE)
    this.#put(key, start, of.value, of.timestamp, null, at)
  }

  #put(
    key: unknown,
    start: number,
    newValue: unknown,
    newTimestamp: number,
    oldValue: unknown,
    at: RecordContext,
  ): void {
    this.#store.put(key, newValue, newTimestamp, start)
    at.keep()
    if (this.#options.emit === 'close') return
    this.#forward(key, start, newValue, newTimestamp, oldValue, at)
  }

  /** Puts out every window whose end has passed by more than the grace, ordered by start, then key. */
  #close(at: RecordContext): void {
    // The end is inclusive: a window is closed when it is before the time.
    const upTo = this.#closeTime - this.#difference
    if (upTo <= this.#closedUpTo) return
    const from = this.#closedUpTo
    this.#closedUpTo = upTo
    for (const { key, start, value } of this.#store.fetchAll(from, upTo - 1)) {
      at.letGoBegins()
      this.#forward(key, start, value.value, value.timestamp, null, at)
      at.letGoEnds()
    }
  }

  #forward(
    key: unknown,
    start: number,
    newValue: unknown,
    newTimestamp: number,
    oldValue: unknown,
    at: RecordContext,
  ): void {
    const { timestamp } = at
    const change: Change<unknown> = {
      newValue,
      oldValue: this.#options.table.sendOldValues ? oldValue : null,
      isLatest: true,
    }
    const windowed: Windowed<unknown> = { key, start, end: start + this.#difference }
    at.timestamp = newTimestamp
    this.#next(windowed, change, at)
    at.timestamp = timestamp
  }
}
