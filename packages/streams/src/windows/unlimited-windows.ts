import { checkDuration } from './duration-check.ts'
import type { FixedWindows } from './window.ts'

/** Kafka Streams' `UnlimitedWindows`: one window from `start` on, without an end. Records before it are in no window. */
export class UnlimitedWindows implements FixedWindows {
  readonly kind = 'unlimited'
  readonly sizeMs = Infinity
  readonly graceMs = 0
  readonly startMs: number

  private constructor(startMs: number) {
    this.startMs = checkDuration('The start of the window', startMs, 0)
  }

  static of(): UnlimitedWindows {
    return new UnlimitedWindows(0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID for a time before the epoch */
  startOn(startMs: number): UnlimitedWindows {
    return new UnlimitedWindows(startMs)
  }

  firstStart(timestamp: number): number {
    return timestamp >= this.startMs ? this.startMs : Infinity
  }

  nextStart(): number {
    return Infinity
  }

  endOf(): number {
    return Infinity
  }
}
