import { DataError } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import type { RecordTime } from './record-time.ts'

/** `late.records` */
export type LatePolicy = 'write' | 'current' | 'apart' | 'report' | 'drop'

/** The time that decides a record's folder; null: it came late, and stands apart. @throws DataError, DroppedRecord */
export type FolderTime = (record: SinkRecord) => number | null

/** Thrown for a record that is left out on purpose. */
export class DroppedRecord extends DataError {
  /** As in `SinkTaskContext.drop`. */
  readonly reason: string

  constructor(message: string, reason: string) {
    super(message)
    this.reason = reason
  }
}

/**
 * The time that decides a record's folder: its own, or for records that come late what the policy says. A record is late by what was
 * seen of its partition before, so a task that begins in the middle, or reads again what it read, knows of none.
 * @param afterMs negative: no record is late
 */
export function timeOfFolder(timeOf: RecordTime, policy: LatePolicy, afterMs: number): FolderTime {
  if (afterMs < 0 || policy === 'write') return timeOf
  const streams = new Map<string, { newest: number; offset: number }>()
  return (record) => {
    const time = timeOf(record)
    const { originalOffset: offset } = record
    const name = `${record.originalTopic}-${record.originalPartition}`
    const seen = streams.get(name)
    if (seen === undefined || offset < seen.offset) {
      streams.set(name, { newest: time, offset })
      return time
    }
    seen.offset = offset
    seen.newest = Math.max(seen.newest, time)
    const lateMs = seen.newest - time
    return lateMs <= afterMs ? time : timeOfLate(record, policy, seen.newest, lateMs)
  }
}

function timeOfLate(record: SinkRecord, policy: LatePolicy, newest: number, lateMs: number): number | null {
  if (policy === 'current') return newest
  if (policy === 'apart') return null
  const message = `The record is late by ${lateMs} ms`
  if (policy === 'drop') throw new DroppedRecord(message, 'late-record')
  const { originalTopic: topic, originalPartition: partition, originalOffset: offset } = record
  throw new DataError(message, {
    place: { topic, partition, offset },
    remedy: 'Allow for more in late.after.ms, or set late.records to write, current or apart.',
  })
}
