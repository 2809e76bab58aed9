import { topologyInvalid } from '../topology/topology-invalid.ts'
import { checkDuration } from './duration-check.ts'
import { ZoneDays } from './zone-days.ts'
import type { FixedWindows } from './window.ts'

export type CalendarUnit = 'day' | 'week' | 'month' | 'quarter' | 'year'

const DAY_MS = 86_400_000
/** No longer than this; a day of two more hours, because a zone may put its clock back at the end. */
const SIZE_MS: Readonly<Record<CalendarUnit, number>> = {
  day: DAY_MS * 2,
  week: DAY_MS * 8,
  month: DAY_MS * 32,
  quarter: DAY_MS * 93,
  year: DAY_MS * 367,
}

/**
 * Tumbling windows by the calendar of a time zone: days, ISO weeks (from Monday), months, quarters, years. A window begins at the first
 * instant of its first day, so that days have 23 or 25 hours where the clock is changed; a day that a zone left out has no window.
 */
export class CalendarWindows implements FixedWindows {
  readonly kind = 'calendar'
  readonly unit: CalendarUnit
  readonly zone: string
  readonly sizeMs: number
  readonly graceMs: number
  readonly #days: ZoneDays
  /** The window that was asked for last: records mostly fall into the same. */
  #start = 0
  #end = 0

  private constructor(unit: CalendarUnit, zone: string, graceMs: number) {
    if (!Object.hasOwn(SIZE_MS, unit)) {
      throw topologyInvalid(
        `There are no calendar windows by the ${unit}`,
        `Take one of: ${Object.keys(SIZE_MS).join(', ')}; for lengths that are always the same, TimeWindows.`,
      )
    }
    this.unit = unit
    this.zone = zone
    this.sizeMs = SIZE_MS[unit]
    this.graceMs = checkDuration('The grace of a window', graceMs, 0)
    this.#days = new ZoneDays(zone)
  }

  /** `zone` is an IANA name such as `Europe/Berlin`. @throws SluiceError TOPOLOGY_INVALID for a zone that is not known */
  static ofUnitWithNoGrace(unit: CalendarUnit, zone: string): CalendarWindows {
    return new CalendarWindows(unit, zone, 0)
  }

  /** @throws SluiceError TOPOLOGY_INVALID */
  static ofUnitAndGrace(unit: CalendarUnit, zone: string, graceMs: number): CalendarWindows {
    return new CalendarWindows(unit, zone, graceMs)
  }

  firstStart(timestamp: number): number {
    this.#find(timestamp)
    return this.#start
  }

  nextStart(start: number): number {
    this.#find(start)
    return this.#end
  }

  endOf(start: number): number {
    this.#find(start)
    return this.#end
  }

  #find(timestamp: number): void {
    if (timestamp >= this.#start && timestamp < this.#end) return
    const { unit } = this
    let first = firstDay(unit, this.#days.dayOf(timestamp))
    while (this.#days.startOf(first) > timestamp) first = previousFirst(unit, first)
    let next = nextFirst(unit, first)
    while (this.#days.startOf(next) <= timestamp) {
      first = next
      next = nextFirst(unit, next)
    }
    this.#start = this.#days.startOf(first)
    this.#end = this.#days.startOf(next)
  }
}

/** Days are counted from 1970-01-01, a Thursday. */
function firstDay(unit: CalendarUnit, day: number): number {
  if (unit === 'day') return day
  if (unit === 'week') return Math.floor((day + 3) / 7) * 7 - 3
  const date = new Date(day * DAY_MS)
  const month = date.getUTCMonth()
  if (unit === 'month') return dayOf(date.getUTCFullYear(), month)
  return dayOf(date.getUTCFullYear(), unit === 'year' ? 0 : month - (month % 3))
}

function nextFirst(unit: CalendarUnit, first: number): number {
  if (unit === 'day') return first + 1
  if (unit === 'week') return first + 7
  const date = new Date(first * DAY_MS)
  return dayOf(date.getUTCFullYear(), date.getUTCMonth() + (unit === 'month' ? 1 : unit === 'quarter' ? 3 : 12))
}

function previousFirst(unit: CalendarUnit, first: number): number {
  return firstDay(unit, first - 1)
}

function dayOf(year: number, month: number): number {
  return Date.UTC(year, month, 1) / DAY_MS
}
