/** Dates and date-times as text, by the calendar: the 30th of February is none. */

const DAY_MS = 86_400_000

/** Midnight UTC of an ISO 8601 calendar date (`2026-02-28`) in milliseconds since the epoch; NaN for anything else. */
export function parseDate(text: string): number {
  return text.length === 10 ? midnight(text) : NaN
}

/**
 * Milliseconds since the epoch of an RFC 3339 date-time with seconds and offset (`2026-02-28T23:59:59.5+01:00`, leap seconds included);
 * NaN for anything else. Digits of a fraction beyond the third are dropped.
 */
export function parseDateTime(text: string): number {
  if (text.length < 20 || text.length > 35 || !'Tt '.includes(text[10]!) || text[13] !== ':' || text[16] !== ':')
    return NaN
  const hour = number(text, 11, 2)
  const minute = number(text, 14, 2)
  const second = number(text, 17, 2)
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return NaN
  let end = 19
  let millis = 0
  if (text[19] === '.') {
    end = digitsEnd(text, 20)
    if (end === 20 || end > 29) return NaN
    millis = Number(
      text
        .slice(20, 23)
        .slice(0, end - 20)
        .padEnd(3, '0'),
    )
  }
  const utcMinute = hour * 60 + minute - offsetMinutes(text, end)
  // A leap second ends a UTC day (RFC 3339, section 5.7).
  if (second === 60 && (utcMinute + 1) % 1440 !== 0) return NaN
  return midnight(text) + (utcMinute * 60 + second) * 1000 + millis
}

/** Minutes east of UTC of what stands at the end of a text; NaN when it is no offset. */
function offsetMinutes(text: string, at: number): number {
  const sign = text[at]
  if (sign === 'Z' || sign === 'z') return text.length === at + 1 ? 0 : NaN
  if ((sign !== '+' && sign !== '-') || text.length !== at + 6 || text[at + 3] !== ':') return NaN
  const hours = number(text, at + 1, 2)
  const minutes = number(text, at + 4, 2)
  if (!(hours <= 23 && minutes <= 59)) return NaN
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

/** Of the date in the first ten characters. */
function midnight(text: string): number {
  if (text[4] !== '-' || text[7] !== '-') return NaN
  const year = number(text, 0, 4)
  const month = number(text, 5, 2)
  const day = number(text, 8, 2)
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month))) return NaN
  return daysSinceEpoch(year, month, day) * DAY_MS
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days of the proleptic Gregorian calendar since 1970-01-01, counted in years that begin in March, so that a leap day is their last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year
  const monthsSinceMarch = month <= 2 ? month + 9 : month - 3
  const dayOfYear = Math.floor((153 * monthsSinceMarch + 2) / 5) + day - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + dayOfYear - 719_468
}

/** The number that some digits write; NaN when one of them is none. */
function number(text: string, from: number, count: number): number {
  let value = 0
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return NaN
    value = value * 10 + digit
  }
  return value
}

function digitsEnd(text: string, from: number): number {
  let end = from
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++
  return end
}
