import { checkDuration } from './duration-check.ts'

/** Kafka Streams' `SessionWindows`: records of a key with no longer a pause than the gap; [first, last], both ends inclusive. */
export class SessionWindows {
  readonly kind = 'session'
  readonly gapMs: number
  readonly graceMs: number

  private constructor(gapMs: number, graceMs: number) {
    this.gapMs = checkDuration('The inactivity gap of a session', gapMs, 0)
    this.graceMs = checkDuration('The grace of a session', graceMs, 0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofInactivityGapWithNoGrace(gapMs: number): SessionWindows {
    return new SessionWindows(gapMs, 0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofInactivityGapAndGrace(gapMs: number, graceMs: number): SessionWindows {
    return new SessionWindows(gapMs, graceMs)
  }
}
