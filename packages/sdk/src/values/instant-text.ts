/** Dates and times in free text, as Kafka Connect's `Values` reads and writes them: `2023-11-14`, `22:13:20.123Z`, or both with a T. */
import type { SchemaAndValue } from '../converter.ts'
import { date, time, timestamp } from '../schema.ts'
import type { Schema } from '../schema.ts'
import { calendarDay, daysOf } from './calendar.ts'

const DAY_MS = 86_400_000
const DATE: Schema = date()
const TIME: Schema = time()
const TIMESTAMP: Schema = timestamp()

/** The lengths by which texts are told apart; what stands in them may be written with fewer or more digits, as Java reads them. */
const DATE_LENGTH = 10
const TIME_LENGTH = 13
const TIMESTAMP_LENGTH = 24

/** A field of Java's SimpleDateFormat: a number, perhaps with blanks before it, perhaps negative. */
const FIELD = String.raw`[ \t]*(-?\d+)`
const DATE_FIELDS = `${FIELD}-${FIELD}-${FIELD}`
const TIME_FIELDS = String.raw`${FIELD}:${FIELD}:${FIELD}\.${FIELD}Z`
const DATES = new RegExp(`^${DATE_FIELDS}`)
const TIMES = new RegExp(`^${TIME_FIELDS}`)
const TIMESTAMPS = new RegExp(`^${DATE_FIELDS}T${TIME_FIELDS}`)

/** The date of a text without colons; undefined for other text. Fields beyond their range carry over: 30 February is in March. */
export function dateOf(text: string): SchemaAndValue | undefined {
  if (text.length !== DATE_LENGTH) return undefined
  const fields = fieldsOf(DATES, text)
  return fields === undefined ? undefined : { schema: DATE, value: milliseconds(fields, []) / DAY_MS }
}

/** The time of day, or time of some day, of a text with two colons; undefined for other text. */
export function timeOf(text: string): SchemaAndValue | undefined {
  if (text.length === TIME_LENGTH) {
    const fields = fieldsOf(TIMES, text)
    return fields === undefined ? undefined : { schema: TIME, value: milliseconds([1970, 1, 1], fields) }
  }
  if (text.length !== TIMESTAMP_LENGTH) return undefined
  const fields = fieldsOf(TIMESTAMPS, text)
  return fields === undefined
    ? undefined
    : { schema: TIMESTAMP, value: milliseconds(fields.slice(0, 3), fields.slice(3)) }
}

function fieldsOf(pattern: RegExp, text: string): number[] | undefined {
  return pattern.exec(text)?.slice(1).map(Number)
}

function milliseconds(
  [year = 1970, month = 1, day = 1]: readonly number[],
  [hours = 0, minutes = 0, seconds = 0, milli = 0]: readonly number[],
): number {
  return daysOf(year, month - 1, day) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000 + milli
}

/** An instant, by itself: what lies within the first day of the epoch or before it is a time, midnight is a date, else both. */
export function instantText(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS)
  const ofDay = epochMs - days * DAY_MS
  const timeText = new Date(ofDay).toISOString().slice(-TIME_LENGTH)
  if (epochMs < DAY_MS) return timeText
  const { year, month, day } = calendarDay(days)
  const dateText = `${padded(year, 4)}-${padded(month + 1, 2)}-${padded(day, 2)}`
  return ofDay === 0 ? dateText : `${dateText}T${timeText}`
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
