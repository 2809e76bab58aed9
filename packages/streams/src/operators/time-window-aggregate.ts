import type { Change } from '../dsl/change.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { TimestampedWindowStore } from '../state/stores.ts'
import type { FixedWindows, Windowed } from '../windows/window.ts'
import { made } from '../topology/synchronous.ts'
import { LATE, NO_WINDOW, NULL_KEY, NULL_VALUE } from './drop-reasons.ts'
import type { Operator, Step } from './operator.ts'
import { windowedOperator, windowTime, type WindowedAggregateOptions } from './windowed-operator.ts'

export interface TimeWindowAggregateOptions extends WindowedAggregateOptions {
  readonly windows: FixedWindows
}

/**
 * Aggregates per key and window: tumbling, hopping, unlimited, calendar. Each window that a record is too late for counts as dropped;
 * later windows of the same record still take it. The time is the operator's own: the latest that it has seen.
 */
export function timeWindowAggregate(options: TimeWindowAggregateOptions): Operator {
  const { windows, initializer, aggregator, aggregatesNulls, emit } = options
  return windowedOperator(options, (next, scope) => {
    const { node } = scope
    const late = options.late === undefined ? null : scope.forwardTo(options.late)
    const { graceMs } = windows
    const { sendOldValues } = options.table
    const emitsUpdates = emit === 'update'
    const store = scope.store(options.store) as TimestampedWindowStore<unknown, unknown>
    const time = windowTime(options, graceMs, scope)
    const close = emitsUpdates ? null : closer(windows, store, time.at - graceMs, next)
    scope.onTime((timestamp, at) => {
      if (timestamp > time.at) time.at = timestamp
      at.node = node
      close?.(time.at - graceMs, at)
    })
    return (key, value, at) => {
      at.node = node
      if (key === null) return scope.drop(at, NULL_KEY)
      if (value === null && !aggregatesNulls) return scope.drop(at, NULL_VALUE)
      const { timestamp } = at
      if (timestamp > time.at) time.at = timestamp
      const closeTime = time.at - graceMs
      // Before the store's time moves on: what it then forgets has been put out.
      if (close !== null) close(closeTime, at)
      let start = windows.firstStart(timestamp)
      if (start > timestamp) return at.drop(NO_WINDOW)
      if (late !== null && isLateForAll(windows, start, timestamp, closeTime)) return late(key, value, at)
      for (; start <= timestamp; start = windows.nextStart(start)) {
        const end = windows.endOf(start)
        if (end <= closeTime) {
          scope.drop(at, LATE)
          continue
        }
        const old = store.fetch(key, start)
        const newValue = made(
          'aggregator',
          aggregator(key, value, old === null ? made('initializer', initializer()) : old.value),
        )
        const newTimestamp = old === null || old.timestamp < timestamp ? timestamp : old.timestamp
        store.put(key, newValue, newTimestamp, start)
        at.keep()
        if (!emitsUpdates) continue
        const change: Change<unknown> = {
          newValue,
          oldValue: sendOldValues && old !== null ? old.value : null,
          isLatest: true,
        }
        const windowed: Windowed<unknown> = { key, start, end }
        at.timestamp = newTimestamp
        next(windowed, change, at)
        at.timestamp = timestamp
      }
    }
  })
}

function isLateForAll(windows: FixedWindows, first: number, timestamp: number, closeTime: number): boolean {
  for (let start = first; start <= timestamp; start = windows.nextStart(start))
    if (windows.endOf(start) > closeTime) return false
  return true
}

/** Puts windows out that end at or before a time, each once, ordered by start, then key. */
function closer(
  windows: FixedWindows,
  store: TimestampedWindowStore<unknown, unknown>,
  closedUpTo: number,
  next: Step,
): (closeTime: number, at: RecordContext) => void {
  /** The earliest window that has not been closed, and its end: most records close none, and do not look into the store. */
  let earliest = windows.firstStart(Math.max(0, closedUpTo))
  let earliestEnd = windows.endOf(earliest)
  return (closeTime, at) => {
    if (earliestEnd > closeTime) return
    const { timestamp } = at
    // Every window that holds this instant is open, and all that started before the first of them are not.
    const open = windows.firstStart(closeTime)
    for (const { key, start, value } of store.fetchAll(earliest, open - 1)) {
      const windowed: Windowed<unknown> = { key, start, end: windows.endOf(start) }
      const change: Change<unknown> = { newValue: value.value, oldValue: null, isLatest: true }
      at.timestamp = value.timestamp
      at.letGoBegins()
      next(windowed, change, at)
      at.letGoEnds()
    }
    at.timestamp = timestamp
    earliest = open
    earliestEnd = windows.endOf(open)
  }
}
