/** Milliseconds between two records of one batch are less: in the year 144,683. Nanoseconds that somebody took for milliseconds are beyond it. */
const TIMES_END = 2 ** 52

/** Whether records may have the time, beside any others: milliseconds since the epoch. */
export function isTime(ms: number): boolean {
  return ms >= 0 && fitsBatch(ms)
}

/** Also what is no time of a record, but of a row, or the sign to drop one. */
export function fitsBatch(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms < TIMES_END
}
