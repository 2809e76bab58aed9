import { hash } from 'node:crypto'
import { DataError, LOGICAL, date, primitive, withOptional } from '@sluice/sdk'
import type { Schema, StructSchema, Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { pathFormat } from './files/path-format.ts'
import { isInstant } from './files/record-time.ts'
import { zoneOffset } from './files/zone-offset.ts'
import type { LakeSettings } from './settings.ts'

type Row = Readonly<Record<string, Value>>

/** One entry of `partition.by`: a column of the row, or one that is made. */
export interface PartitionColumn {
  readonly name: string
  /** Null: the row has the column already. */
  readonly made: MadeColumn | null
}

export interface MadeColumn {
  readonly schema: Schema
  /** Of the row, or of the record's time (in milliseconds since the epoch; null for one that is late and stands apart). */
  readonly of: (row: Row, recordTime: number | null) => Value
  readonly isOfRecord: boolean
}

export type PartitionSettings = Pick<
  LakeSettings,
  'partition.by' | 'partition.timezone' | 'path.format' | 'locale' | 'late.records' | 'late.after.ms'
>

const ENTRY = /^(?:(year|month|day|hour|path)\(([^()]*)\)|bucket\((\d+):([^()]+)\)|([^()]+))$/
const DAY_MS = 86_400_000

/** What is wrong with an entry of `partition.by`; undefined: nothing. */
export function partitionEntryProblem(entry: string): string | undefined {
  const match = ENTRY.exec(entry)
  if (match === null)
    return `${entry} is neither a column nor year(c), month(c), day(c), hour(c), path(c) or bucket(n:c); without c it is the record’s time`
  if (match[3] !== undefined && (Number(match[3]) < 1 || Number(match[3]) > 100_000))
    return `${entry}: 1 to 100000 buckets`
  return undefined
}

/** Whether the entry parts by the time of records, as `day()` does. */
export function isOfRecordTime(entry: string): boolean {
  return entry.endsWith('()')
}

/** The field of the row by which the entry parts; undefined: none. */
export function fieldOfEntry(entry: string): string | undefined {
  const [, , ofTime, , ofBucket, plain] = ENTRY.exec(entry) ?? []
  return (ofTime ?? ofBucket ?? plain) || undefined
}

/**
 * The columns that part a table whose rows have that schema.
 * @throws DataError when it lacks a column, or one that is no time is asked for its day
 */
export function partitionColumnsOf(schema: StructSchema, settings: PartitionSettings): PartitionColumn[] {
  return settings['partition.by'].map((entry) => {
    const [, unit, ofTime, buckets, ofBucket, plain] = ENTRY.exec(entry)!
    if (isOfRecordTime(entry)) return recordTimeColumn(unit!, settings)
    const column = ofTime ?? ofBucket ?? plain!
    const own = schema.fields.find(({ name }) => name === column)?.schema
    if (own === undefined)
      throw new DataError(`The records have no field ${column}, by which the table is parted`, {
        remedy: 'Name fields in partition.by that all records have; with kafka.columns also __timestamp and the like.',
      })
    if (plain !== undefined) return { name: plain, made: null }
    if (buckets !== undefined) return bucketColumn(column, own, Number(buckets))
    return timeColumn(column, own, unit!, settings)
  })
}

/** Equal values are in one bucket: the first bytes of the SHA-256 of the value's text, divided by the number of buckets. */
function bucketColumn(column: string, own: Schema, buckets: number): PartitionColumn {
  return {
    name: `${column}_bucket`,
    made: {
      schema: primitive('int32', { optional: own.optional }),
      isOfRecord: false,
      of: (row) => {
        const value = row[column] ?? null
        if (value === null) return null
        return hash('sha256', valueText(own, value), 'buffer').readUInt32BE() % buckets
      },
    },
  }
}

function timeColumn(column: string, own: Schema, unit: string, settings: PartitionSettings): PartitionColumn {
  const isDate = own.name === LOGICAL.date
  const isTime = isDate || own.name === LOGICAL.timestamp || (own.type === 'int64' && own.name === undefined)
  if (!isTime)
    throw new DataError(`The field ${column} is no time: it is a ${own.name ?? own.type}`, {
      remedy: 'Part by a Timestamp, a Date or milliseconds since the epoch (int64); TimestampConverter makes them.',
    })
  const { schema, take } = unitOf(unit, settings)
  // A date has no zone.
  const local = isDate ? (at: number) => at : localTime(settings)
  const perUnit = isDate ? DAY_MS : 1
  const of = (row: Row): Value => {
    const value = row[column] ?? null
    if (value === null) return null
    const instant = Number(value) * perUnit
    if (isInstant(instant)) return take(local(instant))
    throw new DataError(`The field ${column} has a time that no calendar has: ${instant} ms`, {
      remedy: 'Part by a field whose times are in milliseconds.',
    })
  }
  return { name: `${column}_${unit}`, made: { schema: withOptional(schema, own.optional), of, isOfRecord: false } }
}

function recordTimeColumn(unit: string, settings: PartitionSettings): PartitionColumn {
  const { schema, take } = unitOf(unit, settings)
  const local = localTime(settings)
  const of = (_: Row, time: number | null): Value => (time === null ? null : take(local(time)))
  const isOptional = settings['late.records'] === 'apart' && settings['late.after.ms'] >= 0
  return { name: `record_${unit}`, made: { schema: withOptional(schema, isOptional), of, isOfRecord: true } }
}

/** The time that clocks of the zone show at an instant, as if it were UTC. */
function localTime(settings: PartitionSettings): (instant: number) => number {
  const offsetAt = zoneOffset(settings['partition.timezone'])
  return (instant) => instant + offsetAt(instant)
}

/** What a column of that unit holds, and how it follows from a local time in milliseconds. */
function unitOf(unit: string, settings: PartitionSettings): { schema: Schema; take: (localMs: number) => Value } {
  const text = (length: number) => (at: number) => new Date(at).toISOString().slice(0, length).replace('T', '-')
  switch (unit) {
    case 'year':
      return { schema: primitive('int32'), take: (at) => new Date(at).getUTCFullYear() }
    case 'month':
      return { schema: primitive('string'), take: text('2026-11'.length) }
    case 'day':
      return { schema: date(), take: (at) => Math.floor(at / DAY_MS) }
    case 'hour':
      return { schema: primitive('string'), take: text('2026-11-28T13'.length) }
    case 'path':
    default: {
      const format = pathFormat(settings['path.format'], settings.locale)
      return { schema: primitive('string'), take: (at) => format.format(at) }
    }
  }
}
