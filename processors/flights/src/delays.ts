/** The delays of a state's flights on one day. */
import { date, primitive, struct, type StructSchema, type StructValue } from '@sluice/sdk'
import type { Windowed } from '@sluice/streams'
import type { Flight } from './flight.ts'

/** What is kept while the day is open. */
export interface DayOfFlights extends StructValue {
  readonly flights: number
  readonly delayed: number
  /** Minutes, of all of them. */
  readonly minutes: number
  readonly worst: number
}

/** A row of the table of delays. */
export interface Delays extends StructValue {
  /** Days since 1970-01-01. */
  readonly day: number
  readonly state: string
  readonly flights: number
  /** Those that left more than a quarter of an hour late, as the FAA counts. */
  readonly delayed: number
  /** Minutes; flights that left early count below 0. */
  readonly mean_delay: number
  readonly worst_delay: number
}

const whole = primitive('int32')
const DAY_MS = 86_400_000
const DELAYED_MINUTES = 15

export const dayOfFlightsSchema: StructSchema = struct(
  { flights: whole, delayed: whole, minutes: whole, worst: whole },
  { name: 'flights.DayOfFlights' },
)
export const delaysSchema: StructSchema = struct(
  {
    day: date(),
    state: primitive('string'),
    flights: whole,
    delayed: whole,
    mean_delay: primitive('float64'),
    worst_delay: whole,
  },
  { name: 'flights.Delays' },
)

export function noFlights(): DayOfFlights {
  return { flights: 0, delayed: 0, minutes: 0, worst: 0 }
}

export function withFlight(day: DayOfFlights, { delay }: Flight): DayOfFlights {
  return {
    flights: day.flights + 1,
    delayed: day.delayed + (delay > DELAYED_MINUTES ? 1 : 0),
    minutes: day.minutes + delay,
    worst: Math.max(day.worst, delay),
  }
}

export function toDelays(day: DayOfFlights, { key, start }: Windowed<string>): Delays {
  return {
    day: start / DAY_MS,
    state: key,
    flights: day.flights,
    delayed: day.delayed,
    mean_delay: Math.round((day.minutes / day.flights) * 10) / 10,
    worst_delay: day.worst,
  }
}
