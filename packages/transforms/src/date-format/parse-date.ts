/**
 * Reads instants as Java's SimpleDateFormat does in UTC and the US locale, leniently: a month of 13 is January of the next year, one
 * of -1 November of the last, and what stands behind the date is not looked at. Days before 15 October 1582 are of the Julian calendar.
 */
import { SluiceError } from '@sluice/sdk'
import { daysOf } from '@sluice/sdk/values'
import { datePattern, MONTHS, WEEKDAYS } from './date-pattern.ts'
import type { PatternLetter, PatternPart } from './date-pattern.ts'

/** What has been read so far. */
interface Fields {
  year: number
  isBeforeChrist: boolean
  month: number
  day: number
  dayOfYear: number | undefined
  /** Of the day, or of the half day. */
  hour: number
  isAfternoon: boolean
  minute: number
  second: number
  millisecond: number
  offsetMinutes: number
}

/** Where reading goes on, or undefined when the text does not fit. */
type Next = number | undefined

/**
 * A function from text to milliseconds since the epoch; undefined for text that does not fit.
 * @throws SluiceError SETTINGS_INVALID for a pattern that is none; when used, also for one that counts in weeks
 */
export function dateParser(pattern: string): (text: string) => number | undefined {
  const parts = datePattern(pattern)
  const isDayKnown = parts.some((part) => 'letter' in part && (part.letter === 'd' || part.letter === 'D'))
  const inWeeks = parts.find(
    (part) => 'letter' in part && ('YwWFu'.includes(part.letter) || (part.letter === 'E' && !isDayKnown)),
  )
  return (text) => {
    if (inWeeks !== undefined)
      throw new SluiceError('SETTINGS_INVALID', `Dates cannot be read by a pattern that counts in weeks: ${pattern}`, {
        remedy: 'Use a pattern of year, month and day.',
      })
    const fields: Fields = {
      year: 1970,
      isBeforeChrist: false,
      month: 0,
      day: 1,
      dayOfYear: undefined,
      hour: 0,
      isAfternoon: false,
      minute: 0,
      second: 0,
      millisecond: 0,
      offsetMinutes: 0,
    }
    let at: Next = 0
    for (let i = 0; i < parts.length && at !== undefined; i++) at = read(parts[i]!, parts[i + 1], text, at, fields)
    return at === undefined ? undefined : instant(fields)
  }
}

function instant(fields: Fields): number {
  const year = fields.isBeforeChrist ? 1 - fields.year : fields.year
  const { dayOfYear } = fields
  const days = dayOfYear === undefined ? daysOf(year, fields.month, fields.day) : daysOf(year, 0, dayOfYear)
  const hours = days * 24 + fields.hour + (fields.isAfternoon ? 12 : 0)
  const minutes = hours * 60 + fields.minute - fields.offsetMinutes
  return (minutes * 60 + fields.second) * 1000 + fields.millisecond
}

function read(part: PatternPart, next: PatternPart | undefined, text: string, from: number, fields: Fields): Next {
  if ('text' in part) return text.startsWith(part.text, from) ? from + part.text.length : undefined
  let at = from
  while (text[at] === ' ' || text[at] === '\t') at++
  const reader = NAMED[part.letter]
  if (reader !== undefined && !((part.letter === 'M' || part.letter === 'L') && part.count < 3))
    return reader(text, at, fields)
  // Only a number directly before another one is as long as its pattern.
  const width = next !== undefined && isNumeric(next) ? part.count : Infinity
  const digits = /^-?\d+/.exec(text.slice(at, width === Infinity ? undefined : at + width))?.[0]
  if (digits === undefined) return undefined
  setNumber(part.letter, part.count, digits, fields)
  return at + digits.length
}

function isNumeric(part: PatternPart): boolean {
  if ('text' in part || part.letter === 'M' || part.letter === 'L') return 'count' in part && part.count < 3
  return !(part.letter in NAMED)
}

function setNumber(letter: PatternLetter, count: number, digits: string, fields: Fields): void {
  const value = Number(digits)
  if (letter === 'y') fields.year = count <= 2 && /^\d\d$/.test(digits) ? nearYear(value) : value
  else if (letter === 'M' || letter === 'L') fields.month = value - 1
  else if (letter === 'd') fields.day = value
  else if (letter === 'D') fields.dayOfYear = value
  else if (letter === 'H' || letter === 'K') fields.hour = value
  else if (letter === 'k') fields.hour = value === 24 ? 0 : value
  else if (letter === 'h') fields.hour = value === 12 ? 0 : value
  else if (letter === 'm') fields.minute = value
  else if (letter === 's') fields.second = value
  else if (letter === 'S') fields.millisecond = value
}

/** A year of two digits lies within 80 years before now and 20 after. */
function nearYear(twoDigits: number): number {
  const first = new Date().getUTCFullYear() - 80
  const year = first - (first % 100) + twoDigits
  return year < first ? year + 100 : year
}

type NamedReader = (text: string, at: number, fields: Fields) => Next

const NAMED: Readonly<Partial<Record<PatternLetter, NamedReader>>> = {
  M: readMonth,
  L: readMonth,
  E: (text, at) => named(WEEKDAYS, text, at)?.next,
  G(text, at, fields) {
    const found = oneOf(['BC', 'AD'], text, at)
    if (found === undefined) return undefined
    fields.isBeforeChrist = found === 0
    return at + 2
  },
  a(text, at, fields) {
    const found = oneOf(['AM', 'PM'], text, at)
    if (found === undefined) return undefined
    fields.isAfternoon = found === 1
    return at + 2
  },
  z: readZone,
  Z: readZone,
  X: readZone,
}

function readMonth(text: string, at: number, fields: Fields): Next {
  const found = named(MONTHS, text, at)
  if (found !== undefined) fields.month = found.index
  return found?.next
}

/** A name in full or its first three letters, in any case. */
function named(names: readonly string[], text: string, at: number): { index: number; next: number } | undefined {
  const long = oneOf(names, text, at)
  if (long !== undefined) return { index: long, next: at + names[long]!.length }
  const short = oneOf(
    names.map((name) => name.slice(0, 3)),
    text,
    at,
  )
  return short === undefined ? undefined : { index: short, next: at + 3 }
}

function oneOf(words: readonly string[], text: string, at: number): number | undefined {
  const index = words.findIndex((word) => text.slice(at, at + word.length).toLowerCase() === word.toLowerCase())
  return index < 0 ? undefined : index
}

function readZone(text: string, at: number, fields: Fields): Next {
  const found = /^(?:(GMT|UTC|UT|Z)?([+-])(\d{1,2}):?(\d{2})?|GMT|UTC|UT|Z)/i.exec(text.slice(at))
  if (found === null) return undefined
  const [all, , sign, hours = '0', minutes = '0'] = found
  fields.offsetMinutes = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  return at + all.length
}
