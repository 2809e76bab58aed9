/**
 * The calendar of Java's dates: the Gregorian one from 15 October 1582 on, the Julian one before it. Databases are full of first days
 * of the year 1. Days count from 1 January 1970, and years before the first go on with 0, -1, …; what lies beyond JavaScript's own
 * dates is a day like any other.
 */

export interface CalendarDay {
  readonly year: number
  /** 0 to 11. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

const FIRST_GREGORIAN = -141_427
/** 1 March of the year 0, from where the lengths of months repeat every five; of 4800 BC in the Julian calendar. */
const GREGORIAN_BEGIN = 719_468
const JULIAN_BEGIN = 2_472_670
const DAYS_OF_400_YEARS = 146_097
const DAYS_OF_4_YEARS = 1461

/** The day that is so many days after the first of the epoch. */
export function calendarDay(days: number): CalendarDay {
  return days >= FIRST_GREGORIAN ? gregorianDay(days) : julianDay(days)
}

/** The days from the first of the epoch to a day. Month and day may lie beyond their range: 30 February is in March. */
export function daysOf(year: number, month: number, day: number): number {
  const gregorian = sinceMarch(year, month, day)
  const { years, daysOfYear } = gregorian
  const days = 365 * years + div(years, 4) - div(years, 100) + div(years, 400) + daysOfYear - GREGORIAN_BEGIN
  if (days >= FIRST_GREGORIAN) return days
  return 365 * (years + 4800) + div(years + 4800, 4) + daysOfYear - JULIAN_BEGIN
}

function gregorianDay(days: number): CalendarDay {
  const since = days + GREGORIAN_BEGIN
  const era = div(since, DAYS_OF_400_YEARS)
  const rest = since - era * DAYS_OF_400_YEARS
  const years = div(rest - div(rest, 1460) + div(rest, 36_524) - div(rest, 146_096), 365)
  return dayOfMarchYear(era * 400 + years, rest - (365 * years + div(years, 4) - div(years, 100)))
}

function julianDay(days: number): CalendarDay {
  const since = days + JULIAN_BEGIN
  const years = div(4 * since + 3, DAYS_OF_4_YEARS)
  return dayOfMarchYear(years - 4800, since - div(DAYS_OF_4_YEARS * years, 4))
}

/** Years begin with March here, so that a leap day is the last of its year. */
function sinceMarch(year: number, month: number, day: number): { years: number; daysOfYear: number } {
  const months = year * 12 + month - 2
  const years = div(months, 12)
  return { years, daysOfYear: div(153 * (months - years * 12) + 2, 5) + day - 1 }
}

function dayOfMarchYear(years: number, dayOfYear: number): CalendarDay {
  const month = div(5 * dayOfYear + 2, 153)
  const day = dayOfYear - div(153 * month + 2, 5) + 1
  return month < 10 ? { year: years, month: month + 2, day } : { year: years + 1, month: month - 10, day }
}

function div(dividend: number, divisor: number): number {
  return Math.floor(dividend / divisor)
}
