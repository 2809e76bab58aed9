import { DataError, LOGICAL } from '@sluice/sdk'
import type { Clock, SinkRecord } from '@sluice/sdk'
import { fieldOfRecord } from './record-field.ts'

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

/** A Timestamp, a number of milliseconds since the epoch, or a text of ISO 8601; a Date at its midnight in UTC. */
function timeInField(record: SinkRecord, name: string): number {
  const { value, schema } = fieldOfRecord(record, name)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'number') return schema?.name === LOGICAL.date ? value * 86_400_000 : value
  if (typeof value === 'string') {
    // Without a zone it is UTC, as for Joda's ISODateTimeFormat.
    const text = /T.*(?:Z|[+-]\d\d:?\d\d)$|^[^T]*$/.test(value) ? value : `${value}Z`
    const instant = Date.parse(text)
    if (!Number.isNaN(instant)) return instant
  }
  return refuse(record, `The field ${name} is no time: ${value === null ? 'null' : `a ${typeof value}`}`, name)
}

function refuse({ originalTopic, originalPartition, originalOffset }: SinkRecord, what: string, field: string): never {
  throw new DataError(what, {
    place: { topic: originalTopic, partition: originalPartition, offset: originalOffset, field },
    remedy: 'Name a field with a time in timestamp.field, or use timestamp.extractor=Record.',
  })
}
