/** Timers that are this near are over: the system's are early by a fraction of a millisecond now and then. */
const NEAR_MS = 2

/**
 * How long until the next moment, in ms, that all who keep this period have in common, whenever they began. What many tasks do at the same
 * moments wakes their process once, and what they write goes together.
 */
export function untilShared(periodMs: number, nowMs: number): number {
  const leftMs = periodMs - (nowMs % periodMs)
  return leftMs < Math.min(NEAR_MS, periodMs) ? leftMs + periodMs : leftMs
}

/** A pause of about this length, so that it ends at such a moment. */
export function sharedPause(pauseMs: number, periodMs: number, nowMs: number): number {
  return Math.round((nowMs + pauseMs) / periodMs) * periodMs - nowMs
}
