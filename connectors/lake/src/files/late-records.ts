import { DataError } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import type { RecordTime } from './record-time.ts'

/** `late.records` */
export type LatePolicy = 'write' | 'current' | 'report'

/**
 * The time that decides a record's folder: its own, or for records that come late what the policy says. A record is late by what was
 * seen of its partition before, so a task that begins in the middle knows of none.
 * @param afterMs negative: no record is late
 */
export function timeOfFolder(timeOf: RecordTime, policy: LatePolicy, afterMs: number): RecordTime {
  if (afterMs < 0 || policy === 'write') return timeOf
  const latest = new Map<string, number>()
  return (record) => {
    const time = timeOf(record)
    const stream = `${record.originalTopic}-${record.originalPartition}`
    const newest = latest.get(stream) ?? time
    if (time >= newest) {
      latest.set(stream, time)
      return time
    }
    if (newest - time <= afterMs) return time
    if (policy === 'current') return newest
    throw late(record, newest - time)
  }
}

function late({ originalTopic, originalPartition, originalOffset }: SinkRecord, lateMs: number): DataError {
  return new DataError(`The record is late by ${lateMs} ms`, {
    place: { topic: originalTopic, partition: originalPartition, offset: originalOffset },
    remedy: 'Allow for more in late.after.ms, or set late.records to write or current.',
  })
}
