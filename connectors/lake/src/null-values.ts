import { DataError } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'

/** Why a record whose value is null is no row. */
export function nullRefused({ originalTopic, originalPartition, originalOffset }: SinkRecord): DataError {
  return new DataError('The value is null, and a table has no row for that', {
    place: { topic: originalTopic, partition: originalPartition, offset: originalOffset },
    remedy: 'Set behavior.on.null.values=ignore to leave such records out, or report to send them to the dead letters.',
  })
}

/** Whether the value is null. A value that was scanned is not, and is not decoded for the question. */
export function hasNoValue(record: SinkRecord): boolean {
  return record.scanned === undefined && record.value === null
}
