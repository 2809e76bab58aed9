/** How far a place's clocks are ahead of UTC, in milliseconds, at an instant in milliseconds since the epoch. */
export type ZoneOffset = (instant: number) => number

const HOUR_MS = 3_600_000
/** No zone changes its offset within such a time; so long an answer is kept. */
const KEPT_MS = 15 * 60_000
/** How many answers are kept. */
const KEPT_MAX = 1024

/** @param zone such as `Europe/Prague`, `UTC` or `+05:30`. @throws RangeError for what is no zone */
export function zoneOffset(zone: string): ZoneOffset {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  })
  const known = new Map<number, number>()
  return (instant) => {
    const slot = Math.floor(instant / KEPT_MS)
    let offset = known.get(slot)
    if (offset === undefined) {
      if (known.size >= KEPT_MAX) known.clear()
      known.set(slot, (offset = wallClock(format, slot * KEPT_MS) - slot * KEPT_MS))
    }
    return offset
  }
}

/** The instant at which clocks show that local time, which is given as if it were UTC; after a gap, the hour is counted on. */
export function instantOfLocal(local: number, offsetAt: ZoneOffset): number {
  const [before, after] = [offsetAt(local - 24 * HOUR_MS), offsetAt(local + 24 * HOUR_MS)]
  if (offsetAt(local - before) === before) return local - before
  return offsetAt(local - after) === after ? local - after : local - before
}

function wallClock(format: Intl.DateTimeFormat, instant: number): number {
  const shown: Record<string, string> = {}
  for (const { type, value } of format.formatToParts(instant)) shown[type] = value
  const year = Number(shown['year'])
  const date = new Date(0)
  date.setUTCFullYear(shown['era'] === 'BC' ? 1 - year : year, Number(shown['month']) - 1, Number(shown['day']))
  return date.setUTCHours(Number(shown['hour']), Number(shown['minute']), Number(shown['second']), 0)
}
