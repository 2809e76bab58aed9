/**
 * Writes instants as Java's SimpleDateFormat does in UTC and the US locale: weeks begin on Sunday, and the first one holds January 1st;
 * what lies before 15 October 1582 is a day of the Julian calendar.
 */
import { calendarDay, daysOf } from '@sluice/sdk/values'
import { datePattern, MONTHS, WEEKDAYS } from './date-pattern.ts'
import type { PatternLetter, PatternPart } from './date-pattern.ts'

const DAY_MS = 86_400_000
/** The first day of the epoch. */
const THURSDAY = 4

/** An instant taken apart. */
interface Moment {
  /** Since the first of the epoch. */
  readonly days: number
  readonly year: number
  /** From 0. */
  readonly month: number
  readonly day: number
  /** From 0, which is Sunday. */
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
}

/**
 * A function from milliseconds since the epoch to text.
 * @throws SluiceError SETTINGS_INVALID for a pattern that is none
 */
export function dateFormat(pattern: string): (milliseconds: number) => string {
  const parts = datePattern(pattern)
  return (milliseconds) => {
    const moment = momentOf(milliseconds)
    let text = ''
    for (const part of parts) text += write(part, moment)
    return text
  }
}

function momentOf(milliseconds: number): Moment {
  const days = Math.floor(milliseconds / DAY_MS)
  const ofDay = milliseconds - days * DAY_MS
  const { year, month, day } = calendarDay(days)
  return {
    days,
    year,
    month,
    day,
    weekday: (((days + THURSDAY) % 7) + 7) % 7,
    hour: Math.floor(ofDay / 3_600_000),
    minute: Math.floor(ofDay / 60_000) % 60,
    second: Math.floor(ofDay / 1000) % 60,
    millisecond: ofDay % 1000,
  }
}

function write(part: PatternPart, moment: Moment): string {
  return 'text' in part ? part.text : WRITERS[part.letter](moment, part.count)
}

const WRITERS: Readonly<Record<PatternLetter, (moment: Moment, count: number) => string>> = {
  G: ({ year }) => (year > 0 ? 'AD' : 'BC'),
  y: ({ year }, count) => yearText(year, count),
  Y: (moment, count) => yearText(weekYear(moment), count),
  M: monthText,
  L: monthText,
  w: (moment, count) => padded(weekOfYear(moment), count),
  W: (moment, count) => padded(Math.floor((moment.day - 1 + weekdayOfFirst(moment)) / 7) + 1, count),
  D: (moment, count) => padded(dayOfYear(moment), count),
  d: ({ day }, count) => padded(day, count),
  F: ({ day }, count) => padded(Math.floor((day - 1) / 7) + 1, count),
  E: ({ weekday }, count) => name(WEEKDAYS[weekday]!, count),
  u: ({ weekday }, count) => padded(weekday || 7, count),
  a: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  H: ({ hour }, count) => padded(hour, count),
  k: ({ hour }, count) => padded(hour || 24, count),
  K: ({ hour }, count) => padded(hour % 12, count),
  h: ({ hour }, count) => padded(hour % 12 || 12, count),
  m: ({ minute }, count) => padded(minute, count),
  s: ({ second }, count) => padded(second, count),
  S: ({ millisecond }, count) => padded(millisecond, count),
  z: (_moment, count) => (count < 4 ? 'UTC' : 'Coordinated Universal Time'),
  Z: () => '+0000',
  X: () => 'Z',
}

function padded(value: number, count: number): string {
  return String(value).padStart(count, '0')
}

function yearText(value: number, count: number): string {
  // Years before the first are counted backwards, from 1 BC.
  const ofEra = value > 0 ? value : 1 - value
  return count === 2 ? padded(ofEra % 100, 2) : padded(ofEra, count)
}

function monthText({ month }: Moment, count: number): string {
  return count < 3 ? padded(month + 1, count) : name(MONTHS[month]!, count)
}

function name(long: string, count: number): string {
  return count < 4 ? long.slice(0, 3) : long
}

function dayOfYear({ days, year }: Moment): number {
  return days - daysOf(year, 0, 1) + 1
}

function weekdayOfFirst({ weekday, day }: Moment): number {
  return (((weekday - day + 1) % 7) + 7) % 7
}

/** Whether the week holds the first of next January: it is then the first week of that year. */
function isFirstOfNext({ days, year, weekday }: Moment): boolean {
  return weekday + daysOf(year + 1, 0, 1) - days < 7
}

function weekYear(moment: Moment): number {
  return isFirstOfNext(moment) ? moment.year + 1 : moment.year
}

function weekOfYear(moment: Moment): number {
  if (isFirstOfNext(moment)) return 1
  const days = dayOfYear(moment) - 1
  const firstWeekday = (((moment.weekday - days) % 7) + 7) % 7
  return Math.floor((days + firstWeekday) / 7) + 1
}
