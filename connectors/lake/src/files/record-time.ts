import { DataError, LOGICAL } from '@sluice/sdk'
import type { Clock, SinkRecord, Value } from '@sluice/sdk'
import { fieldOfRecord } from './record-field.ts'

const DAY_MS = 86_400_000

/** When a record counts as having happened, in milliseconds since the epoch. @throws DataError when it does not say */
export type RecordTime = (record: SinkRecord) => number

/** `timestamp.extractor`, by the last word of Confluent's class names. */
export type TimestampExtractor = 'Wallclock' | 'Record' | 'RecordField'

export function recordTime(extractor: TimestampExtractor, field: string, clock: Clock): RecordTime {
  switch (extractor) {
    case 'Wallclock':
      return () => Math.trunc(clock.now())
    case 'Record':
      return (record) => record.timestamp ?? refuse(record, 'The record has no timestamp', 'timestamp')
    case 'RecordField':
    default:
      return (record) => timeInField(record, field)
  }
}

/** Whether clocks and calendars know such an instant, in every zone: some 273,000 years around 1970. */
export function isInstant(ms: number): boolean {
  return Math.abs(ms) <= 8.64e15 - DAY_MS
}

/** A Timestamp, a number of milliseconds since the epoch, or a text of ISO 8601; a Date at its midnight in UTC. */
function timeInField(record: SinkRecord, name: string): number {
  const { value, schema } = fieldOfRecord(record, name)
  const instant = instantOf(value, schema?.name === LOGICAL.date)
  if (instant !== undefined && isInstant(instant)) return instant
  const what = value === null ? 'null' : instant === undefined ? `a ${typeof value}` : `out of range (${instant})`
  return refuse(record, `The field ${name} is no time: it is ${what}`, name)
}

function instantOf(value: Value, isDate: boolean): number | undefined {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'number') return isDate ? value * DAY_MS : value
  if (typeof value !== 'string') return undefined
  // Without a zone it is UTC, as for Joda's ISODateTimeFormat.
  const instant = Date.parse(/T.*(?:Z|[+-]\d\d:?\d\d)$|^[^T]*$/.test(value) ? value : `${value}Z`)
  return Number.isNaN(instant) ? undefined : instant
}

function refuse({ originalTopic, originalPartition, originalOffset }: SinkRecord, what: string, field: string): never {
  throw new DataError(what, {
    place: { topic: originalTopic, partition: originalPartition, offset: originalOffset, field },
    remedy: 'Name a field with a time in timestamp.field, or use timestamp.extractor=Record.',
  })
}
