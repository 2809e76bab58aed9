import type { NodeTime } from '../record-path/node-times.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { JoinSide, JoinWindowStore, OuterJoinStore, WindowEntry } from '../state/stores.ts'
import type { JoinWindows } from '../windows/join-windows.ts'
import { made } from '../topology/synchronous.ts'
import { NULL_KEY, NULL_VALUE } from './drop-reasons.ts'
import type { AnyJoiner } from './joiner.ts'
import type { NodeScope, Operator, Step } from './operator.ts'

export interface StreamStreamJoinOptions {
  readonly side: JoinSide
  /** Whether a record of this side that meets none has a result: the left side of a left join, both of an outer one. */
  readonly isOuter: boolean
  readonly prefix?: string
  /** Of this side's value and the other side's: see `reversed`. */
  readonly joiner: AnyJoiner
  readonly windows: JoinWindows
  /** The other side's window store, which keeps duplicates. */
  readonly otherStore: string
  /** What both sides of a left or outer join share: an outer join store; absent for an inner join. */
  readonly sharedStore?: string
  /** The same object for both sides: they see one time. */
  readonly pair: object
  /** Both sides' joiners, for unmatched records of either: `left` and `right` are those of `joiner`. Needed with a shared store. */
  readonly joiners?: { readonly left: AnyJoiner; readonly right: AnyJoiner }
}

/**
 * One side of a windowed join of two streams. A record meets those of the other side that are at most `before` earlier and `after`
 * later (turned around for the right side). Results carry the later time. One that meets none waits in the shared store; it has a
 * result without the other side when the time that both sides have seen is past the window and its grace.
 */
export function streamStreamJoin(options: StreamStreamJoinOptions): Operator {
  const { side, isOuter } = options
  const generated = isOuter
    ? side === 'left'
      ? 'KSTREAM-OUTERTHIS-'
      : 'KSTREAM-OUTEROTHER-'
    : side === 'left'
      ? 'KSTREAM-JOINTHIS-'
      : 'KSTREAM-JOINOTHER-'
  return {
    kind: isOuter ? 'outerJoin' : 'join',
    prefix: options.prefix ?? generated,
    // What has waited has a key of its own.
    changes: 'record',
    compile(next, scope) {
      const join = new SideOfJoin(options, scope, next)
      return (key, value, at) => join.process(key, value, at)
    },
  }
}

/** The time that both sides of a join have seen, and the earliest record that may wait. */
class SharedTime {
  readonly stream: NodeTime
  minTime = Infinity
  /** Whether what has waited since before the task is counted in. */
  hasBegun = false

  constructor(stream: NodeTime) {
    this.stream = stream
  }
}

class SideOfJoin {
  readonly #options: StreamStreamJoinOptions
  readonly #scope: NodeScope
  readonly #next: Step
  readonly #others: JoinWindowStore<unknown, unknown>
  readonly #unmatched: OuterJoinStore<unknown, unknown, unknown> | null
  readonly #time: SharedTime
  readonly #otherSide: JoinSide
  readonly #back: number
  readonly #forth: number

  constructor(options: StreamStreamJoinOptions, scope: NodeScope, next: Step) {
    const { windows, side, sharedStore } = options
    this.#options = options
    this.#scope = scope
    this.#next = next
    this.#others = scope.store(options.otherStore) as JoinWindowStore<unknown, unknown>
    this.#unmatched =
      sharedStore === undefined ? null : (scope.store(sharedStore) as OuterJoinStore<unknown, unknown, unknown>)
    this.#time = scope.shared(options.pair, () => new SharedTime(scope.time()))
    this.#otherSide = side === 'left' ? 'right' : 'left'
    this.#back = side === 'left' ? windows.beforeMs : windows.afterMs
    this.#forth = side === 'left' ? windows.afterMs : windows.beforeMs
    scope.onTime((timestamp, at) => {
      const { stream } = this.#time
      if (timestamp > stream.at) stream.at = timestamp
      at.node = scope.node
      if (this.#unmatched !== null) this.#emitUnmatched(this.#unmatched, at)
    })
  }

  process(key: unknown, value: unknown, at: RecordContext): void {
    const { node } = this.#scope
    at.node = node
    const { timestamp } = at
    const time = this.#time
    if (timestamp > time.stream.at) time.stream.at = timestamp
    if (value === null) return this.#scope.drop(at, NULL_VALUE)
    if (key === null) {
      if (this.#options.isOuter) return this.#forward(key, this.#options.joiner(value, null, key), timestamp, at)
      return this.#scope.drop(at, NULL_KEY)
    }
    if (timestamp === time.stream.at && this.#unmatched !== null) this.#emitUnmatched(this.#unmatched, at)
    const from = Math.max(0, timestamp - this.#back)
    const to = Math.max(0, timestamp + this.#forth)
    const others = this.#others.fetchRange(key, from, to)
    for (let i = 0; i < others.length; i++) this.#meet(key, value, timestamp, others[i]!, at)
    at.keep()
    if (others.length > 0 || !this.#options.isOuter || this.#unmatched === null) return
    if (to < time.stream.at) return this.#forward(key, this.#options.joiner(value, null, key), timestamp, at)
    if (timestamp < time.minTime) time.minTime = timestamp
    this.#unmatched.put(timestamp, this.#options.side, key, value)
  }

  #meet(
    key: unknown,
    value: unknown,
    timestamp: number,
    { start, value: theirs }: WindowEntry<unknown, unknown>,
    at: RecordContext,
  ): void {
    if (this.#unmatched !== null) this.#unmatched.removeAll(start, this.#otherSide, key)
    this.#forward(key, this.#options.joiner(value, theirs, key), start > timestamp ? start : timestamp, at)
  }

  /** Puts out what has waited until its window and the grace were past, in order of time, side and key. */
  #emitUnmatched(unmatched: OuterJoinStore<unknown, unknown, unknown>, at: RecordContext): void {
    const { windows, joiners } = this.#options
    const { beforeMs, afterMs, graceMs } = windows
    const time = this.#time
    if (!time.hasBegun) {
      // What waits from before a restart is in the store only now: chains are compiled before stores are restored.
      time.hasBegun = true
      time.minTime = Math.min(time.minTime, unmatched.minTime)
    }
    // As seen from this side, like Kafka Streams: of the other side's records some may be due a little earlier.
    if (time.minTime + this.#forth + graceMs >= time.stream.at) return
    time.minTime = Infinity
    let isLeftOpen = false
    let isRightOpen = false
    for (const { timestamp, side, key, value } of unmatched.all()) {
      const isLeft = side === 'left'
      // The last that was looked at, not the earliest: like in Kafka Streams, one that waits may go a little later for it.
      time.minTime = timestamp
      if (timestamp + (isLeft ? afterMs : beforeMs) + graceMs >= time.stream.at) {
        if (isLeft) isLeftOpen = true
        else isRightOpen = true
        if (isLeftOpen && isRightOpen) break
        continue
      }
      at.letGoBegins()
      unmatched.removeAll(timestamp, side, key)
      const joiner = isLeft ? joiners!.left : joiners!.right
      this.#forward(key, joiner(value, null, key), timestamp, at)
      at.letGoEnds()
    }
  }

  #forward(key: unknown, result: unknown, resultTimestamp: number, at: RecordContext): void {
    const { timestamp } = at
    at.timestamp = resultTimestamp
    this.#next(key, made('joiner', result), at)
    at.timestamp = timestamp
  }
}
