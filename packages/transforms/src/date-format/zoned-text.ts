/** Texts with an offset, as Debezium writes them: `2018-01-02T11:15:30.12Z`, `11:15:30+05:30`. */
import { offsetText, parseOffset } from './time-zone.ts'

const TIME = String.raw`(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?`
const OFFSET = String.raw`(Z|[+-]\d{2}:\d{2}(?::\d{2})?)`
const ZONED_TIMESTAMP = new RegExp(String.raw`^(\d{4}|[+-]\d{4,9})-(\d{2})-(\d{2})T${TIME}${OFFSET}$`, 'i')
const ZONED_TIME = new RegExp(`^${TIME}${OFFSET}$`, 'i')
const DAY_MS = 86_400_000

/**
 * The same instant at another offset.
 * @param offsetOf the offset for the local time of the text, both in milliseconds
 * @returns undefined for text that is no date and time with an offset, or none that a Date can hold
 */
export function zonedTimestamp(text: string, offsetOf: (local: number) => number): string | undefined {
  const found = ZONED_TIMESTAMP.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second = '0', fraction, offset] = found
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const local = date.setUTCHours(Number(hour), Number(minute), Number(second), 0)
  if (Number.isNaN(local)) return undefined
  const to = offsetOf(local)
  const moved = new Date(local - parseOffset(offset!) + to)
  const { years, rest } = split(moved)
  return `${years}-${rest}${fractionText(fraction)}${offsetText(to)}`
}

/** The same time of day at another offset. @returns undefined for text that is none */
export function zonedTime(text: string, to: number): string | undefined {
  const found = ZONED_TIME.exec(text)
  if (found === null) return undefined
  const [, hour, minute, second = '0', fraction, offset] = found
  const local = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000
  const moved = (((local - parseOffset(offset!) + to) % DAY_MS) + DAY_MS) % DAY_MS
  return `${new Date(moved).toISOString().slice(11, 19)}${fractionText(fraction)}${offsetText(to)}`
}

function split(date: Date): { readonly years: string; readonly rest: string } {
  const year = date.getUTCFullYear()
  const digits = String(Math.abs(year)).padStart(4, '0')
  const [rest] = /\d\d-\d\dT\d\d:\d\d:\d\d/.exec(date.toISOString())!
  return { years: `${year < 0 ? '-' : year > 9999 ? '+' : ''}${digits}`, rest }
}

function fractionText(digits: string | undefined): string {
  const kept = digits?.replace(/0+$/, '') ?? ''
  return kept === '' ? '' : `.${kept}`
}
