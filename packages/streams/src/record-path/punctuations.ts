import type { Clock } from '@sluice/sdk'
import type { Cancellable, PunctuationType, Punctuator } from '../operators/operator.ts'
import type { RecordContext } from './record-context.ts'

interface Punctuation {
  readonly intervalMs: number
  readonly callback: Punctuator
  nextAt: number
}

/**
 * The callbacks that the nodes of one task asked for. Stream time begins at 0 and moves with the records alone: the first record is
 * already past it. Intervals that were missed collapse into one call; the next is due at the first multiple behind it.
 */
export class Punctuations {
  readonly #clock: Clock
  readonly #byStreamTime = new Set<Punctuation>()
  readonly #byWallClock = new Set<Punctuation>()
  /** When the next stream-time punctuation is due: asked behind every record. */
  nextStreamTime = Infinity
  /** Callbacks called by the clock. */
  wallClockCalls = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  schedule(intervalMs: number, type: PunctuationType, callback: Punctuator): Cancellable {
    const isStreamTime = type === 'STREAM_TIME'
    const among = isStreamTime ? this.#byStreamTime : this.#byWallClock
    const punctuation = { intervalMs, callback, nextAt: isStreamTime ? 0 : this.#clock.now() + intervalMs }
    among.add(punctuation)
    this.#plan()
    return {
      cancel: () => {
        among.delete(punctuation)
        this.#plan()
      },
    }
  }

  /** Calls what is due at this stream time. */
  advanceStreamTime(streamTime: number, at: RecordContext): void {
    run(this.#byStreamTime, streamTime, at)
    this.#plan()
  }

  /** Calls what is due now. Returns whether anything was. */
  advanceWallClock(at: RecordContext): boolean {
    const calls = run(this.#byWallClock, this.#clock.now(), at)
    this.wallClockCalls += calls
    return calls > 0
  }

  #plan(): void {
    let next = Infinity
    for (const { nextAt } of this.#byStreamTime) if (nextAt < next) next = nextAt
    this.nextStreamTime = next
  }
}

/** Returns how many were due. */
function run(among: Set<Punctuation>, now: number, at: RecordContext): number {
  let calls = 0
  // A copy: what a callback schedules is due later.
  for (const punctuation of [...among].toSorted((a, b) => a.nextAt - b.nextAt)) {
    if (punctuation.nextAt > now || !among.has(punctuation)) continue
    const { intervalMs, callback, nextAt } = punctuation
    punctuation.nextAt = nextAt + Math.floor((now - nextAt) / intervalMs + 1) * intervalMs
    calls++
    at.timestamp = now
    callback(now, at)
  }
  return calls
}
