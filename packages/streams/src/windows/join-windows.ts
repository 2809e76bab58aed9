import { SluiceError } from '@sluice/sdk'
import { checkDuration } from './duration-check.ts'

/**
 * Kafka Streams' `JoinWindows`: a record of the left side at time t meets those of the right side in [t - before, t + after], both
 * ends inclusive. Either may be negative as long as the interval is not turned around.
 */
export class JoinWindows {
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number

  private constructor(beforeMs: number, afterMs: number, graceMs: number) {
    this.beforeMs = checkDuration('How far a join window reaches back', beforeMs, -Number.MAX_SAFE_INTEGER)
    this.afterMs = checkDuration('How far a join window reaches forward', afterMs, -Number.MAX_SAFE_INTEGER)
    this.graceMs = checkDuration('The grace of a join window', graceMs, 0)
    if (beforeMs + afterMs < 0) {
      throw new SluiceError('TOPOLOGY_INVALID', `A join window ends ${-(beforeMs + afterMs)} ms before it begins`, {
        remedy: 'Let before + after be at least 0.',
      })
    }
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofTimeDifferenceWithNoGrace(differenceMs: number): JoinWindows {
    return JoinWindows.ofTimeDifferenceAndGrace(differenceMs, 0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofTimeDifferenceAndGrace(differenceMs: number, graceMs: number): JoinWindows {
    checkDuration('The time difference of a join window', differenceMs, 0)
    return new JoinWindows(differenceMs, differenceMs, graceMs)
  }

  /** @throws SluiceError TOPOLOGY_INVALID when before + after < 0 */
  before(beforeMs: number): JoinWindows {
    return new JoinWindows(beforeMs, this.afterMs, this.graceMs)
  }

  /** @throws SluiceError TOPOLOGY_INVALID when before + after < 0 */
  after(afterMs: number): JoinWindows {
    return new JoinWindows(this.beforeMs, afterMs, this.graceMs)
  }

  /** How long a record must be kept to meet all that may still come. */
  get sizeMs(): number {
    return this.beforeMs + this.afterMs
  }
}
