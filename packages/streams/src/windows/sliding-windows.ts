import { checkDuration } from './duration-check.ts'

/**
 * Kafka Streams' `SlidingWindows`: every distinct set of records of a key that lie within `differenceMs` of each other has one window
 * [t - difference, t], both ends inclusive. Unlike Kafka Streams' library, a difference of 0 (one window per time) works.
 */
export class SlidingWindows {
  readonly kind = 'sliding'
  readonly differenceMs: number
  readonly graceMs: number

  private constructor(differenceMs: number, graceMs: number) {
    this.differenceMs = checkDuration('The time difference of a window', differenceMs, 0)
    this.graceMs = checkDuration('The grace of a window', graceMs, 0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofTimeDifferenceWithNoGrace(differenceMs: number): SlidingWindows {
    return new SlidingWindows(differenceMs, 0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofTimeDifferenceAndGrace(differenceMs: number, graceMs: number): SlidingWindows {
    return new SlidingWindows(differenceMs, graceMs)
  }
}
