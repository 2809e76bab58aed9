/** A flight, from what was reported and what is known of the airport that it left. */
import { DataError, primitive, struct, timestamp, type StructSchema, type StructValue } from '@sluice/sdk'
import type { Airport } from './airport.ts'

/** What is reported of a flight. */
export interface Report extends StructValue {
  /** When it was to leave, in milliseconds. The file names no zone: what its clock shows is taken for UTC. */
  readonly scheduled: number
  /** Minutes; below 0 it left early. */
  readonly delay: number
  /** Miles. */
  readonly distance: number
  readonly origin: string
  readonly destination: string
}

/** With where it left. An airport that the table does not have is told as null. */
export interface Flight extends Report {
  readonly city: string | null
  readonly state: string | null
}

const text = primitive('string')
const maybeText = primitive('string', { optional: true })
const whole = primitive('int32')
const report = { scheduled: timestamp(), delay: whole, distance: whole, origin: text, destination: text }

export const reportSchema: StructSchema = struct(report, { name: 'flights.Report' })
export const flightSchema: StructSchema = struct(
  { ...report, city: maybeText, state: maybeText },
  { name: 'flights.Flight' },
)

/** @throws DataError with the field that is not what it should be */
export function toReport(line: StructValue): Report {
  return {
    scheduled: timeOf(line['date']),
    delay: numberOf(line, 'delay'),
    distance: numberOf(line, 'distance'),
    origin: textOf(line, 'origin'),
    destination: textOf(line, 'destination'),
  }
}

export function toFlight(reported: Report, airport: Airport | null): Flight {
  return { ...reported, city: airport?.city ?? null, state: airport?.state ?? null }
}

const DATE = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d)$/

/** @throws DataError unless it is a time such as `2001/01/31 23:05` that the calendar has */
export function timeOf(date: unknown): number {
  const [, year, month, day, hour, minute] = (typeof date === 'string' ? DATE.exec(date) : null)?.map(Number) ?? []
  const time = Date.UTC(year ?? NaN, (month ?? NaN) - 1, day, hour, minute)
  // Date.UTC takes the 31st of February for the 3rd of March.
  if (Number.isNaN(time) || new Date(time).getUTCDate() !== day || hour! > 23 || minute! > 59) {
    throw unfit('date', 'no time such as 2001/01/31 23:05')
  }
  return time
}

function numberOf(line: StructValue, field: string): number {
  const value = line[field]
  if (!Number.isInteger(value)) throw unfit(field, 'no whole number')
  return value as number
}

function textOf(line: StructValue, field: string): string {
  const value = line[field]
  if (typeof value !== 'string' || value === '') throw unfit(field, 'no text')
  return value
}

function unfit(field: string, what: string): DataError {
  return new DataError(`${field} is ${what}`, { place: { field } })
}
