/** divert: what cannot go on leaves with its original bytes, the stage's name and the reason (invariant 4). */
import type { OriginalRecord, Quarantine } from '@sluice/quality'
import { SluiceError } from '@sluice/sdk'
import { fitsBatch } from '../record-time.ts'
import { withDeadLetterHeaders } from './dead-letter-headers.ts'
import type { RecordContext } from './record-context.ts'

/** Diverts the record under way, on which a stage threw. */
export function divertFailure(at: RecordContext, error: unknown, quarantine: Quarantine): void {
  const record = quarantine.failed(originalOf(at), at.stage, error)
  const headers = withDeadLetterHeaders(record.headers, error, at)
  at.divert(at.quarantine, { ...record, headers }, failureReason(at, error))
}

/** The record under way as it came out of Kafka. */
export function originalOf(at: RecordContext): OriginalRecord {
  const { topic, partition, offset, originalTimestamp: timestamp, timestampType } = at
  return {
    key: at.keyBytes,
    value: at.valueBytes,
    headers: at.originalHeaders,
    // What no batch takes is among the headers alone.
    timestamp: fitsBatch(timestamp) ? timestamp : null,
    origin: { topic, partition, offset, timestamp, timestampType },
  }
}

/** What it is counted under: the stage, and the field when the error names one. */
function failureReason({ stage }: RecordContext, error: unknown): string {
  const field = error instanceof SluiceError ? error.place?.['field'] : undefined
  return field === undefined ? stage : `${stage}:${field}`
}
