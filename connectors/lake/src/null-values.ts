import { DataError, oneOf } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'

const WORDS = oneOf('fail', 'report', 'ignore', 'write')

/** For `behavior.on.null.values`. Who knows of sinks that delete is told why this one does not. */
export const nullBehaviour: typeof WORDS = {
  ...WORDS,
  check(name, value) {
    const complaint = WORDS.check(name, value)
    if (complaint === undefined || value !== 'delete') return complaint
    return `${complaint}. Rows are only added to these tables, none is deleted: with write and the key among kafka.columns a null value becomes a row that says so, by which a reader leaves the rows of that key out; ignore leaves it out`
  },
}

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
