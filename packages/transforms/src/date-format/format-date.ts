/** Writes instants as Java's SimpleDateFormat does in UTC and the US locale: weeks begin on Sunday, and the first one holds January 1st. */
import { datePattern, MONTHS, WEEKDAYS } from './date-pattern.ts'
import type { PatternLetter, PatternPart } from './date-pattern.ts'

const DAY_MS = 86_400_000

/**
 * A function from milliseconds since the epoch to text.
 * @throws SluiceError SETTINGS_INVALID for a pattern that is none
 */
export function dateFormat(pattern: string): (milliseconds: number) => string {
  const parts = datePattern(pattern)
  return (milliseconds) => {
    const date = new Date(milliseconds)
    let text = ''
    for (const part of parts) text += write(part, date)
    return text
  }
}

function write(part: PatternPart, date: Date): string {
  return 'text' in part ? part.text : WRITERS[part.letter](date, part.count)
}

const WRITERS: Readonly<Record<PatternLetter, (date: Date, count: number) => string>> = {
  G: (date) => (date.getUTCFullYear() > 0 ? 'AD' : 'BC'),
  y: (date, count) => year(date.getUTCFullYear(), count),
  Y: (date, count) => year(weekYear(date), count),
  M: month,
  L: month,
  w: (date, count) => padded(weekOfYear(date), count),
  W: (date, count) => padded(Math.floor((date.getUTCDate() - 1 + weekdayOfFirst(date)) / 7) + 1, count),
  D: (date, count) => padded(dayOfYear(date), count),
  d: (date, count) => padded(date.getUTCDate(), count),
  F: (date, count) => padded(Math.floor((date.getUTCDate() - 1) / 7) + 1, count),
  E: (date, count) => name(WEEKDAYS[date.getUTCDay()]!, count),
  u: (date, count) => padded(date.getUTCDay() || 7, count),
  a: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  H: (date, count) => padded(date.getUTCHours(), count),
  k: (date, count) => padded(date.getUTCHours() || 24, count),
  K: (date, count) => padded(date.getUTCHours() % 12, count),
  h: (date, count) => padded(date.getUTCHours() % 12 || 12, count),
  m: (date, count) => padded(date.getUTCMinutes(), count),
  s: (date, count) => padded(date.getUTCSeconds(), count),
  S: (date, count) => padded(date.getUTCMilliseconds(), count),
  z: (_date, count) => (count < 4 ? 'UTC' : 'Coordinated Universal Time'),
  Z: () => '+0000',
  X: () => 'Z',
}

function padded(value: number, count: number): string {
  return String(value).padStart(count, '0')
}

function year(value: number, count: number): string {
  // Years before the first are counted backwards, from 1 BC.
  const ofEra = value > 0 ? value : 1 - value
  return count === 2 ? padded(ofEra % 100, 2) : padded(ofEra, count)
}

function month(date: Date, count: number): string {
  const at = date.getUTCMonth()
  return count < 3 ? padded(at + 1, count) : name(MONTHS[at]!, count)
}

function name(long: string, count: number): string {
  return count < 4 ? long.slice(0, 3) : long
}

function startOfYear(date: Date, later = 0): number {
  return new Date(0).setUTCFullYear(date.getUTCFullYear() + later, 0, 1)
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - startOfYear(date)) / DAY_MS) + 1
}

function weekdayOfFirst(date: Date): number {
  return (((date.getUTCDay() - date.getUTCDate() + 1) % 7) + 7) % 7
}

/** Whether the week holds the first of next January: it is then the first week of that year. */
function isFirstOfNext(date: Date): boolean {
  const days = Math.floor((startOfYear(date, 1) - date.getTime() + DAY_MS - 1) / DAY_MS)
  return date.getUTCDay() + days < 7
}

function weekYear(date: Date): number {
  return isFirstOfNext(date) ? date.getUTCFullYear() + 1 : date.getUTCFullYear()
}

function weekOfYear(date: Date): number {
  if (isFirstOfNext(date)) return 1
  return Math.floor((dayOfYear(date) - 1 + new Date(startOfYear(date)).getUTCDay()) / 7) + 1
}
