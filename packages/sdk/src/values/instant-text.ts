/** Dates and times in free text, as Kafka Connect's `Values` reads and writes them: `2023-11-14`, `22:13:20.123Z`, or both with a T. */
import type { SchemaAndValue } from '../converter.ts'
import { date, time, timestamp } from '../schema.ts'
import type { Schema } from '../schema.ts'

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
  // Date.UTC takes the years 0 to 99 for those of the last century.
  const instant = new Date(0)
  instant.setUTCFullYear(year, month - 1, day)
  return instant.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000 + milli
}

/** An instant, by itself: what lies within the first day of the epoch or before it is a time, midnight is a date, else both. */
export function instantText(epochMs: number): string {
  const text = new Date(epochMs).toISOString()
  const at = text.indexOf('T')
  if (epochMs < DAY_MS) return text.slice(at + 1)
  return epochMs % DAY_MS === 0 ? text.slice(0, at) : text
}
