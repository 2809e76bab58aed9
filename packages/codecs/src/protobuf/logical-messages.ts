/**
 * Connect's logical types as messages: what a decimal, a date, a time and a timestamp are in Protobuf. Dates are those of Java's
 * calendar, as for Confluent's.
 */
import type { ProtobufField } from '@sluice/schema-registry'
import { DataError, ValueError, decimalScale } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { calendarDay, daysOf } from '@sluice/sdk/values'
import { bigIntBytes, bigIntOf, decimalText, mismatch, readDecimal, rescale } from '../decimal.ts'
import { javaClass } from '../java-class.ts'
import type { ReadProto } from './message-reader.ts'
import type { ProtoInput } from './proto-input.ts'
import type { ProtoOutput } from './proto-output.ts'
import type { LogicalMessage } from './proto-shapes.ts'
import { DATE, DECIMAL, META, TIME } from './protobuf-names.ts'

type ReadPlain = (input: ProtoInput) => Readonly<Record<string, Value>>

const DAY_MS = 86_400_000
const MS_NANOS = 1_000_000
/** The years that google.type.Date, and google.protobuf.Timestamp, are made for. */
const YEAR_MAX = 9999
const [SECONDS_MIN, SECONDS_MAX] = [-62_135_596_800, 253_402_300_799]

/** @param plain reads the message's own fields */
export function logicalReader(logical: LogicalMessage, plain: ReadPlain, { meta }: ProtobufField): ReadProto {
  if (logical === DECIMAL) {
    const scale = /^[+-]?\d{1,9}$/.test(meta.get(META.scale) ?? '') ? Number(meta.get(META.scale)) : 0
    return (input) => decimalOf(plain(input), scale)
  }
  const convert = logical === DATE ? dateOf : logical === TIME ? timeOf : timestampOf
  return (input) => convert(plain(input))
}

function decimalOf(plain: Readonly<Record<string, Value>>, scale: number): Value {
  const own = { unscaled: bigIntOf(plain['value'] as Uint8Array), scale: plain['scale'] as number }
  return decimalText(rescale(own, scale))
}

function dateOf(plain: Readonly<Record<string, Value>>): Value {
  const { year, month, day } = plain as Readonly<Record<'year' | 'month' | 'day', number>>
  if (year >= 1 && year <= YEAR_MAX) {
    const days = daysOf(year, month - 1, day)
    const found = calendarDay(days)
    if (found.year === year && found.month === month - 1 && found.day === day) return days
  }
  throw new DataError(`The google.type.Date of year ${year}, month ${month}, day ${day} is no date`)
}

function timeOf(plain: Readonly<Record<string, Value>>): Value {
  const { hours, minutes, seconds, nanos } = plain as Readonly<
    Record<'hours' | 'minutes' | 'seconds' | 'nanos', number>
  >
  const isTime = isBelow(hours, 24) && isBelow(minutes, 60) && isBelow(seconds, 60) && isBelow(nanos, 1e9)
  if (isTime) return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Math.floor(nanos / MS_NANOS)
  throw new DataError(`The google.type.TimeOfDay of ${hours}:${minutes}:${seconds} and ${nanos} ns is no time of a day`)
}

function timestampOf(plain: Readonly<Record<string, Value>>): Value {
  const { seconds, nanos } = plain as { readonly seconds: number | bigint; readonly nanos: number }
  if (seconds >= SECONDS_MIN && seconds <= SECONDS_MAX && isBelow(nanos, 1e9))
    return Number(seconds) * 1000 + Math.floor(nanos / MS_NANOS)
  throw new DataError(`The google.protobuf.Timestamp of ${seconds} s and ${nanos} ns is no time in the years 1 to 9999`)
}

function isBelow(value: number, end: number): boolean {
  return value >= 0 && value < end
}

/** Writes the fields of the message. */
export function logicalWriter(logical: LogicalMessage, schema: Schema): (out: ProtoOutput, value: Value) => void {
  if (logical === DECIMAL) {
    const scale = decimalScale(schema)
    return (out, value) => writeDecimal(out, value, scale, schema)
  }
  const write = logical === DATE ? writeDate : logical === TIME ? writeTime : writeTimestamp
  return (out, value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong(schema, value)
    write(out, value)
  }
}

function writeDecimal(out: ProtoOutput, value: Value, scale: number, schema: Schema): void {
  if (typeof value !== 'string') throw wrong(schema, value)
  const decimal = readDecimal(value, scale)
  if (decimal.scale !== scale) throw mismatch(decimal.scale, scale)
  const { unscaled } = decimal
  out.uint(0x0a)
  out.bytes(bigIntBytes(unscaled))
  out.uint(0x10)
  out.uint(String(unscaled < 0n ? -unscaled : unscaled).length)
  member(out, 3, scale)
}

function writeDate(out: ProtoOutput, days: number): void {
  const { year, month, day } = calendarDay(days)
  if (!(year >= 1 && year <= YEAR_MAX)) throw new ValueError(`The date ${days} is not in the years 1 to ${YEAR_MAX}`)
  member(out, 1, year)
  member(out, 2, month + 1)
  member(out, 3, day)
}

function writeTime(out: ProtoOutput, ms: number): void {
  if (!isBelow(ms, DAY_MS)) throw new ValueError(`The time of day is ${ms} ms, not one of 0 to ${DAY_MS - 1}`)
  const seconds = Math.floor(ms / 1000)
  member(out, 1, Math.floor(seconds / 3600))
  member(out, 2, Math.floor(seconds / 60) % 60)
  member(out, 3, seconds % 60)
  member(out, 4, (ms % 1000) * MS_NANOS)
}

function writeTimestamp(out: ProtoOutput, ms: number): void {
  const seconds = Math.floor(ms / 1000)
  if (seconds < SECONDS_MIN || seconds > SECONDS_MAX)
    throw new ValueError(`The timestamp ${ms} is not in the years 1 to ${YEAR_MAX}`)
  member(out, 1, seconds)
  member(out, 2, (ms - seconds * 1000) * MS_NANOS)
}

function member(out: ProtoOutput, number: number, value: number): void {
  if (value === 0) return
  out.uint(number * 8)
  out.int(value)
}

function wrong(schema: Schema, value: unknown): ValueError {
  return new ValueError(`Invalid type for ${schema.name}: ${javaClass(value)}`, {
    remedy: 'Give a value of the type that the schema says.',
  })
}
