import { topologyInvalid } from '../topology/topology-invalid.ts'
import { checkDuration } from './duration-check.ts'
import type { FixedWindows } from './window.ts'

/**
 * Kafka Streams' `TimeWindows`: [start, start + size), each start a multiple of the advance, counted from the epoch. Tumbling when the
 * advance is the size, hopping when it is less.
 */
export class TimeWindows implements FixedWindows {
  readonly kind = 'time'
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number

  private constructor(sizeMs: number, advanceMs: number, graceMs: number) {
    this.sizeMs = checkDuration('The size of a window', sizeMs, 1)
    this.advanceMs = checkDuration('The advance of a window', advanceMs, 1)
    this.graceMs = checkDuration('The grace of a window', graceMs, 0)
    if (advanceMs > sizeMs) {
      throw topologyInvalid(
        `Windows of ${sizeMs} ms that advance by ${advanceMs} ms leave gaps, and records in them would be in no window`,
        'Let them advance by no more than their size.',
      )
    }
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofSizeWithNoGrace(sizeMs: number): TimeWindows {
    return new TimeWindows(sizeMs, sizeMs, 0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofSizeAndGrace(sizeMs: number, graceMs: number): TimeWindows {
    return new TimeWindows(sizeMs, sizeMs, graceMs)
  }

  /** Hopping windows. @throws SluiceError TOPOLOGY_INVALID unless 0 < advance <= size */
  advanceBy(advanceMs: number): TimeWindows {
    return new TimeWindows(this.sizeMs, advanceMs, this.graceMs)
  }

  firstStart(timestamp: number): number {
    const { advanceMs } = this
    const start = timestamp - this.sizeMs + advanceMs
    return start <= 0 ? 0 : start - (start % advanceMs)
  }

  nextStart(start: number): number {
    return start + this.advanceMs
  }

  endOf(start: number): number {
    return start + this.sizeMs
  }
}
