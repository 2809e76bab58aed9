import type { Change } from '../dsl/change.ts'
import type { NodeTime } from '../record-path/node-times.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { SessionEntry, SessionStore } from '../state/stores.ts'
import type { SessionWindows } from '../windows/session-windows.ts'
import type { Windowed } from '../windows/window.ts'
import { made } from '../topology/synchronous.ts'
import type { Merger } from './aggregator.ts'
import { LATE, NULL_KEY, NULL_VALUE } from './drop-reasons.ts'
import type { NodeScope, Operator, Step } from './operator.ts'
import { windowedOperator, windowTime, type WindowedAggregateOptions } from './windowed-operator.ts'

export interface SessionWindowAggregateOptions extends WindowedAggregateOptions {
  readonly windows: SessionWindows
  readonly merger: Merger<unknown, unknown>
}

/**
 * Aggregates per key and session. A record that lies within the gap of sessions makes one of them: those are removed, a tombstone is
 * put out for each, and then the merged one. Results carry the time of their session's end.
 */
export function sessionWindowAggregate(options: SessionWindowAggregateOptions): Operator {
  return windowedOperator(options, (next, scope) => {
    const sessions = new Sessions(options, scope, next)
    return (key, value, at) => sessions.process(key, value, at)
  })
}

class Sessions {
  readonly #options: SessionWindowAggregateOptions
  readonly #scope: NodeScope
  readonly #next: Step
  readonly #late: Step | null
  readonly #store: SessionStore<unknown, unknown>
  /** The sessions that the record under way touches, collected before any of them is removed. */
  readonly #touched: SessionEntry<unknown, unknown>[] = []
  readonly #time: NodeTime
  #closedUpTo: number

  constructor(options: SessionWindowAggregateOptions, scope: NodeScope, next: Step) {
    this.#options = options
    this.#scope = scope
    this.#next = next
    this.#late = options.late === undefined ? null : scope.forwardTo(options.late)
    this.#store = scope.store(options.store) as SessionStore<unknown, unknown>
    const { graceMs, gapMs } = options.windows
    this.#time = windowTime(options, graceMs + gapMs, scope)
    this.#closedUpTo = Math.max(0, this.#time.at - graceMs - gapMs)
    scope.onTime((timestamp, at) => {
      if (timestamp > this.#time.at) this.#time.at = timestamp
      at.node = scope.node
      if (options.emit === 'close') this.#close(this.#time.at - graceMs - gapMs, at)
    })
  }

  process(key: unknown, value: unknown, at: RecordContext): void {
    const scope = this.#scope
    const { windows, initializer, aggregator, merger, aggregatesNulls, emit } = this.#options
    at.node = scope.node
    if (key === null) return scope.drop(at, NULL_KEY)
    if (value === null && !aggregatesNulls) return scope.drop(at, NULL_VALUE)
    const { timestamp } = at
    const { gapMs } = windows
    // A session that had ended by the time that was final before this record is final, whatever it would touch.
    const earliestEnd = Math.max(timestamp - gapMs, this.#time.at - windows.graceMs - gapMs + 1)
    if (timestamp > this.#time.at) this.#time.at = timestamp
    const closeTime = this.#time.at - windows.graceMs - gapMs
    if (emit === 'close') this.#close(closeTime, at)
    const touched = this.#touched
    touched.length = 0
    let start = timestamp
    let end = timestamp
    let merged = made('initializer', initializer())
    for (const session of this.#store.findSessions(key, earliestEnd, timestamp + gapMs)) {
      touched.push(session)
      merged = made('merger', merger(key, merged, session.value))
      if (session.start < start) start = session.start
      if (session.end > end) end = session.end
    }
    if (end < closeTime) {
      if (this.#late === null) return scope.drop(at, LATE)
      return this.#late(key, value, at)
    }
    let oldValue: unknown = null
    for (let i = 0; i < touched.length; i++) {
      const session = touched[i]!
      if (session.start === start && session.end === end) {
        oldValue = session.value
        if (start === end) continue
      }
      this.#store.remove(key, session.start, session.end)
      if (emit === 'update') this.#forward(key, session.start, session.end, null, session.value, at)
    }
    // A session that stays as long as it was: the tombstone has taken its old value back already.
    if (start !== end) oldValue = null
    const aggregate = made('aggregator', aggregator(key, value, merged))
    this.#store.put(key, start, end, aggregate)
    at.keep()
    if (emit === 'update') this.#forward(key, start, end, aggregate, oldValue, at)
  }

  /** Puts out every session that ended before the time, ordered by end, then key. */
  #close(closeTime: number, at: RecordContext): void {
    if (closeTime <= this.#closedUpTo) return
    const from = this.#closedUpTo
    this.#closedUpTo = closeTime
    for (const { key, start, end, value } of this.#store.findSessionsByEnd(from, closeTime - 1)) {
      at.letGoBegins()
      this.#forward(key, start, end, value, null, at)
      at.letGoEnds()
    }
  }

  #forward(key: unknown, start: number, end: number, newValue: unknown, oldValue: unknown, at: RecordContext): void {
    const { timestamp } = at
    const change: Change<unknown> = {
      newValue,
      oldValue: this.#options.table.sendOldValues ? oldValue : null,
      isLatest: true,
    }
    const windowed: Windowed<unknown> = { key, start, end }
    at.timestamp = end
    this.#next(windowed, change, at)
    at.timestamp = timestamp
  }
}
