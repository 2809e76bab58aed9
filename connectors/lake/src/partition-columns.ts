import { createHash } from 'node:crypto'
import { DataError, LOGICAL, date, primitive, withOptional } from '@sluice/sdk'
import type { Schema, StructSchema, Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { zoneOffset } from './files/zone-offset.ts'

type Row = Readonly<Record<string, Value>>

/** One entry of `partition.by`: a column of the row, or one that is made of it. */
export interface PartitionColumn {
  readonly name: string
  /** Null: the row has the column already. */
  readonly made: { readonly schema: Schema; readonly of: (row: Row) => Value } | null
}

const ENTRY = /^(?:(year|month|day|hour)\(([^()]+)\)|bucket\((\d+):([^()]+)\)|([^()]+))$/
const DAY_MS = 86_400_000

/** What is wrong with an entry of `partition.by`; undefined: nothing. */
export function partitionEntryProblem(entry: string): string | undefined {
  const match = ENTRY.exec(entry)
  if (match === null) return `${entry} is neither a column nor year(c), month(c), day(c), hour(c) or bucket(n:c)`
  if (match[3] !== undefined && (Number(match[3]) < 1 || Number(match[3]) > 100_000))
    return `${entry}: 1 to 100000 buckets`
  return undefined
}

/**
 * The columns that part a table whose rows have that schema.
 * @throws DataError when it lacks a column, or one that is no time is asked for its day
 */
export function partitionColumnsOf(
  entries: readonly string[],
  schema: StructSchema,
  timezone: string,
): PartitionColumn[] {
  const offsetAt = zoneOffset(timezone)
  return entries.map((entry) => {
    const [, unit, ofTime, buckets, ofBucket, plain] = ENTRY.exec(entry)!
    const column = ofTime ?? ofBucket ?? plain!
    const own = schema.fields.find(({ name }) => name === column)?.schema
    if (own === undefined)
      throw new DataError(`The records have no field ${column}, by which the table is parted`, {
        remedy: 'Name fields in partition.by that all records have; with kafka.columns also __timestamp and the like.',
      })
    if (plain !== undefined) return { name: plain, made: null }
    if (buckets !== undefined) return bucketColumn(column, own, Number(buckets))
    return timeColumn(column, own, unit!, offsetAt)
  })
}

/** Equal values are in one bucket: the first bytes of the SHA-256 of the value's text, divided by the number of buckets. */
function bucketColumn(column: string, own: Schema, buckets: number): PartitionColumn {
  return {
    name: `${column}_bucket`,
    made: {
      schema: primitive('int32', { optional: own.optional }),
      of: (row) => {
        const value = row[column] ?? null
        if (value === null) return null
        return createHash('sha256').update(valueText(own, value)).digest().readUInt32BE() % buckets
      },
    },
  }
}

function timeColumn(column: string, own: Schema, unit: string, offsetAt: (instant: number) => number): PartitionColumn {
  const perUnit = own.name === LOGICAL.date ? DAY_MS : 1
  const isTime =
    own.name === LOGICAL.date || own.name === LOGICAL.timestamp || (own.type === 'int64' && own.name === undefined)
  if (!isTime)
    throw new DataError(`The field ${column} is no time: it is a ${own.name ?? own.type}`, {
      remedy: 'Part by a Timestamp, a Date or milliseconds since the epoch (int64); TimestampConverter makes them.',
    })
  const local = (value: Value): number => {
    const instant = Number(value) * perUnit
    return perUnit === 1 ? instant + offsetAt(instant) : instant
  }
  const of = (take: (localMs: number) => Value) => (row: Row) => {
    const value = row[column] ?? null
    return value === null ? null : take(local(value))
  }
  const text = (length: number) => of((at) => new Date(at).toISOString().slice(0, length).replace('T', '-'))
  const made = {
    year: { schema: primitive('int32'), of: of((at) => new Date(at).getUTCFullYear()) },
    month: { schema: primitive('string'), of: text('2026-11'.length) },
    day: { schema: date(), of: of((at) => Math.floor(at / DAY_MS)) },
    hour: { schema: primitive('string'), of: text('2026-11-28T13'.length) },
  }[unit as 'year' | 'month' | 'day' | 'hour']
  return { name: `${column}_${unit}`, made: { ...made, schema: withOptional(made.schema, own.optional) } }
}
