/** Time zones as `java.time.ZoneId` knows them: fixed offsets, and places whose offsets change. */

export interface TimeZone {
  /** Milliseconds ahead of UTC at an instant, in milliseconds since the epoch. */
  offsetAt(this: void, instant: number): number
  /**
   * Milliseconds ahead of UTC at a local time, which is given as if it were UTC. A local time that there is twice counts as the
   * earlier instant, and one that there is not has the offset from before the gap, as with `ZoneRules.getOffset(LocalDateTime)`.
   */
  offsetAtLocal(this: void, local: number): number
}

const DAY_MS = 86_400_000
const MAX_OFFSET_MS = 18 * 3_600_000
/** How many days are remembered. */
const DAYS = 4096

/** @param name such as `Europe/Prague`, or an offset such as `+05:30`. Undefined for what is neither. */
export function timeZone(name: string): TimeZone | undefined {
  const fixed = /^[+-]\d{2}:\d{2}(?::\d{2})?$/.test(name) ? parseOffset(name) : undefined
  if (fixed !== undefined)
    return Math.abs(fixed) > MAX_OFFSET_MS ? undefined : { offsetAt: () => fixed, offsetAtLocal: () => fixed }
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, calendar: 'gregory', hourCycle: 'h23', ...PARTS })
  } catch {
    return undefined
  }
  const offsetAt = remembering((instant) => wallClock(format, instant) - Math.floor(instant / 1000) * 1000)
  return {
    offsetAt,
    offsetAtLocal(local) {
      const [before, after] = [offsetAt(local - DAY_MS), offsetAt(local + DAY_MS)]
      if (before === after || offsetAt(local - before) === before) return before
      return offsetAt(local - after) === after ? after : before
    },
  }
}

/** Milliseconds of `+hh:mm`, `+hh:mm:ss` or `Z`. */
export function parseOffset(text: string): number {
  if (text.toUpperCase() === 'Z') return 0
  const [hours, minutes, seconds] = text.slice(1).split(':').map(Number)
  return (text.startsWith('-') ? -1000 : 1000) * ((hours! * 60 + minutes!) * 60 + (seconds ?? 0))
}

/** `Z`, `+hh:mm`, or `+hh:mm:ss` where there are seconds. */
export function offsetText(offset: number): string {
  if (offset === 0) return 'Z'
  const seconds = Math.abs(offset) / 1000
  const parts = [
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    ...(seconds % 60 === 0 ? [] : [seconds % 60]),
  ]
  return (offset < 0 ? '-' : '+') + parts.map((part) => String(part).padStart(2, '0')).join(':')
}

const PARTS = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const

/** What clocks show there at an instant, as milliseconds as if it were UTC. */
function wallClock(format: Intl.DateTimeFormat, instant: number): number {
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of format.formatToParts(instant)) shown[type] = Number(value)
  const date = new Date(0)
  date.setUTCFullYear(shown.year!, shown.month! - 1, shown.day)
  return date.setUTCHours(shown.hour!, shown.minute, shown.second, 0)
}

/** To ask the calendar takes microseconds, so answers are kept: for days at whose beginning and end it is the same. */
function remembering(ask: (instant: number) => number): (instant: number) => number {
  const known = new Map<number, number | null>()
  return (instant) => {
    const day = Math.floor(instant / DAY_MS)
    let offset = known.get(day)
    if (offset === undefined) {
      if (known.size >= DAYS) known.clear()
      const begin = ask(day * DAY_MS)
      offset = begin === ask((day + 1) * DAY_MS) ? begin : null
      known.set(day, offset)
    }
    return offset ?? ask(instant)
  }
}
