/**
 * One strike: the line of the file as the source emits it (an object of texts under the file's own headings) becomes a row of declared
 * types. What cannot be read as its type is thrown as a DataError that names the column, and so ends in quarantine.
 */
import { DataError, date, decimal, primitive, struct, type StructSchema, type StructValue } from '@sluice/sdk'
import { schemaContentOf } from '@sluice/streams'

/** A row of the table. Text is never null; the speed is null where the report gives none. */
export interface BirdStrike extends StructValue {
  readonly airport_name: string
  readonly aircraft_make_model: string
  readonly effect_amount_of_damage: string
  /** Days since 1970-01-01. */
  readonly flight_date: number
  readonly aircraft_airline_operator: string
  readonly origin_state: string
  readonly phase_of_flight: string
  readonly wildlife_size: string
  readonly wildlife_species: string
  readonly time_of_day: string
  /** US dollars with two digits behind the point. */
  readonly cost_other: string
  readonly cost_repair: string
  readonly cost_total: string
  /** Knots, indicated. */
  readonly speed_ias_in_knots: number | null
}

const MONEY_DIGITS = 12
const MONEY_SCALE = 2

const text = primitive('string')
const money = decimal(MONEY_SCALE, { parameters: { 'connect.decimal.precision': String(MONEY_DIGITS) } })

/** What the clean topic and the table hold. */
export const birdStrikeSchema: StructSchema = struct(
  {
    airport_name: text,
    aircraft_make_model: text,
    effect_amount_of_damage: text,
    flight_date: date(),
    aircraft_airline_operator: text,
    origin_state: text,
    phase_of_flight: text,
    wildlife_size: text,
    wildlife_species: text,
    time_of_day: text,
    cost_other: money,
    cost_repair: money,
    cost_total: money,
    speed_ias_in_knots: primitive('int32', {
      optional: true,
      doc: 'Indicated air speed in knots; null when the report gives none',
    }),
  },
  { name: 'bird_strikes', version: 1, doc: 'Wildlife strikes reported to the FAA' },
)

/** The same as text, for `schema.content` of the JsonConverter that reads the clean topic. */
export const birdStrikeSchemaJson: string = schemaContentOf(birdStrikeSchema)

/** @throws DataError naming the column (`field` of its place) for a cell that is missing or is not of its type */
export function toBirdStrike(line: StructValue): BirdStrike {
  return {
    airport_name: cell(line, 'Airport Name'),
    aircraft_make_model: cell(line, 'Aircraft Make Model'),
    effect_amount_of_damage: cell(line, 'Effect Amount of damage'),
    flight_date: day(line, 'Flight Date'),
    aircraft_airline_operator: cell(line, 'Aircraft Airline Operator'),
    origin_state: cell(line, 'Origin State'),
    phase_of_flight: cell(line, 'Phase of flight'),
    wildlife_size: cell(line, 'Wildlife Size'),
    wildlife_species: cell(line, 'Wildlife Species'),
    time_of_day: cell(line, 'Time of day'),
    cost_other: dollars(line, 'Cost Other'),
    cost_repair: dollars(line, 'Cost Repair'),
    cost_total: dollars(line, 'Cost Total $'),
    speed_ias_in_knots: wholeOrNull(line, 'Speed IAS in knots'),
  }
}

function cell(line: StructValue, column: string): string {
  const value = line[column]
  if (typeof value === 'string') return value
  const what = value === undefined ? 'is missing' : 'is no text'
  throw new DataError(`Column ${column} ${what}`, {
    place: { field: column },
    remedy: 'See that the file has its 14 headings and that the source reads it as CSV.',
  })
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const DAY_MS = 86_400_000

function day(line: StructValue, column: string): number {
  const value = cell(line, column)
  const parts = DATE.exec(value)
  if (parts !== null) {
    const [year, month, dayOfMonth] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
    const midnight = new Date(0).setUTCFullYear(year, month - 1, dayOfMonth)
    const date = new Date(midnight)
    if (date.getUTCMonth() === month - 1 && date.getUTCDate() === dayOfMonth) return midnight / DAY_MS
  }
  throw unreadable(column, value, 'a calendar date such as 1999-10-19')
}

const MONEY = new RegExp(`^-?\\d{1,${MONEY_DIGITS - MONEY_SCALE}}(?:\\.\\d{1,${MONEY_SCALE}})?$`)

function dollars(line: StructValue, column: string): string {
  const value = cell(line, column)
  if (!MONEY.test(value)) {
    throw unreadable(
      column,
      value,
      `an amount of at most ${MONEY_DIGITS - MONEY_SCALE} digits before and ${MONEY_SCALE} behind the point`,
    )
  }
  const point = value.indexOf('.')
  return point < 0 ? `${value}.00` : value.padEnd(point + 1 + MONEY_SCALE, '0')
}

const WHOLE = /^-?\d{1,10}$/
const INT32_MAX = 2_147_483_647

function wholeOrNull(line: StructValue, column: string): number | null {
  const value = cell(line, column)
  if (value === '') return null
  const number = WHOLE.test(value) ? Number(value) : NaN
  if (Math.abs(number) <= INT32_MAX) return number
  throw unreadable(column, value, `a whole number between -${INT32_MAX} and ${INT32_MAX}, or nothing`)
}

/** How much of a cell is shown in a reason. */
const SHOWN_CHARS = 60

function unreadable(column: string, value: string, right: string): DataError {
  const shown = JSON.stringify(value.length <= SHOWN_CHARS ? value : `${value.slice(0, SHOWN_CHARS)}…`)
  return new DataError(`${column} is not ${right}: ${shown}`, { place: { field: column } })
}
