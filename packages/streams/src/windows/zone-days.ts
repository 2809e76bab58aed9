import { SluiceError } from '@sluice/sdk'

const DAY_MS = 86_400_000
/** Farther than any zone is from UTC, and than what it ever put its clock forward or back. */
const MARGIN_MS = 40 * 3_600_000
const KEPT_DAYS_MAX = 4096

/** Where the days of a time zone begin. A day is a number: those since 1970-01-01 by the zone's calendar. */
export class ZoneDays {
  readonly #format: Intl.DateTimeFormat
  readonly #starts = new Map<number, number>()

  /** @throws SluiceError TOPOLOGY_INVALID for a zone that is not known */
  constructor(zone: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        calendar: 'gregory',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
    } catch (error) {
      throw new SluiceError('TOPOLOGY_INVALID', `There is no time zone ${JSON.stringify(zone)}`, {
        cause: error,
        remedy: 'Name a zone of the IANA database, such as Europe/Berlin or UTC.',
      })
    }
  }

  /** The day that the zone's calendar shows at an instant. */
  dayOf(timestamp: number): number {
    return Math.floor((timestamp + this.#offset(timestamp)) / DAY_MS)
  }

  /** The first instant at which the zone's calendar shows this day, or a later one where it left the day out. */
  startOf(day: number): number {
    let start = this.#starts.get(day)
    if (start !== undefined) return start
    start = this.#find(day * DAY_MS)
    if (this.#starts.size >= KEPT_DAYS_MAX) this.#starts.clear()
    this.#starts.set(day, start)
    return start
  }

  #find(midnight: number): number {
    const before = this.#offset(midnight - MARGIN_MS)
    const behind = this.#offset(midnight + MARGIN_MS)
    // The clock is put back: midnight comes twice, and the first one counts.
    const earlier = midnight - Math.max(before, behind)
    const later = midnight - Math.min(before, behind)
    if (earlier + this.#offset(earlier) === midnight) return earlier
    if (later + this.#offset(later) === midnight) return later
    // The clock is put forward over midnight: the day begins where it is put forward.
    let low = earlier
    let high = later
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (middle + this.#offset(middle) < midnight) low = middle
      else high = middle
    }
    return high
  }

  /** What the zone's clock is ahead of UTC, in milliseconds. */
  #offset(timestamp: number): number {
    const parts: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(timestamp)) parts[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    const local = Date.UTC(year, month - 1, day, hour, minute, second)
    return local - Math.floor(timestamp / 1000) * 1000
  }
}
