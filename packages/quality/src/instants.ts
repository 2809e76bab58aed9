/** Dates and date-times as text, by the calendar: the 30th of February is none. */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/

/** Midnight UTC of an ISO 8601 calendar date (`2026-02-28`) in milliseconds since the epoch; NaN for anything else. */
export function parseDate(text: string): number {
  const parts = text.length === 10 ? DATE.exec(text) : null
  return parts === null ? NaN : midnight(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}

/**
 * Milliseconds since the epoch of an RFC 3339 date-time with seconds and offset (`2026-02-28T23:59:60Z`, leap seconds included); NaN
 * for anything else.
 */
export function parseDateTime(text: string): number {
  const parts = text.length <= 40 ? DATE_TIME.exec(text) : null
  if (parts === null) return NaN
  const [hour, minute, second] = [Number(parts[4]), Number(parts[5]), Number(parts[6])]
  if (hour > 23 || minute > 59 || second > 60) return NaN
  const offset = offsetMinutes(parts[8]!)
  const utcMinute = hour * 60 + minute - offset
  // A leap second ends a UTC day (RFC 3339, section 5.7).
  if (second === 60 && (utcMinute + 1) % 1440 !== 0) return NaN
  const fraction = parts[7] === undefined ? 0 : Math.trunc(Number(`0.${parts[7]}`) * 1000)
  return midnight(Number(parts[1]), Number(parts[2]), Number(parts[3])) + (utcMinute * 60 + second) * 1000 + fraction
}

/** Minutes east of UTC; NaN when there is no such offset. */
function offsetMinutes(text: string): number {
  if (text === 'Z' || text === 'z') return 0
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(4, 6))]
  if (hours > 23 || minutes > 59) return NaN
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

function midnight(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return NaN
  // setUTCFullYear, because Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return new Date(0).setUTCFullYear(year, month - 1, day)
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
